import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameMeter, MAX_PACKET_BYTES } from '../../../simulator/mqtt/frame-meter.js';

/** A packet of this many bytes in all, its header included. */
function packet(bytes: number): Buffer {
  const length = bytes - (bytes > 129 ? 3 : 2);
  const header = bytes > 129 ? [0x30, (length % 128) | 0x80, Math.floor(length / 128)] : [0x30, length];
  return Buffer.concat([Buffer.from(header), Buffer.alloc(length, 0xff)]);
}

test('packets up to the limit pass however they are cut', () => {
  const bytes = Buffer.concat([packet(2), packet(129), packet(MAX_PACKET_BYTES), packet(300)]);
  for (const size of [1, 2, 3, 1000, bytes.length]) {
    const meter = new FrameMeter();
    for (let at = 0; at < bytes.length; at += size) {
      assert.ok(meter.accepts(bytes.subarray(at, at + size)), `cut every ${size}`);
    }
  }
});

test('a packet one byte too large is refused by its header alone', () => {
  const meter = new FrameMeter();
  assert.equal(meter.accepts(packet(MAX_PACKET_BYTES + 1).subarray(0, 3)), false);
});

test('a length of five bytes is refused', () => {
  assert.equal(new FrameMeter().accepts(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x01])), false);
});
