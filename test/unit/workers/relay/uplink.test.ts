import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { headerBytes, writeHeader } from '../../../../workers/relay/frame-header.js';
import { RelayMemory } from '../../../../workers/relay/memory.js';
import { sharesOf } from '../../../../workers/relay/share.js';
import { Uplink } from '../../../../workers/relay/uplink.js';
import { FakeSink, fakeSource } from '../../../helpers/fake-socket.js';
import { assertSameBytes, seededBytes } from '../../../helpers/seeded-stream.js';
import { wsReceiver } from '../../../helpers/ws-codec.js';

describe('headers', () => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 65_537]) {
    test(`ws reads a frame of ${length} bytes`, () => {
      const frame = Buffer.alloc(headerBytes(length) + length);
      assert.equal(writeHeader(frame, 0, 2, length, Buffer.alloc(4)), headerBytes(length));
      const receiver = wsReceiver();
      const messages: Buffer[] = [];
      receiver.on('message', (data: Buffer) => messages.push(data));
      receiver.write(frame);
      assert.deepEqual(messages, [Buffer.alloc(length)]);
    });
  }

  test('lengths beyond 32 bits are written as 64', () => {
    const header = Buffer.alloc(14);
    writeHeader(header, 0, 2, 2 ** 32 + 5, Buffer.from('01020304', 'hex'));
    assert.equal(header.toString('hex'), '82ff000000010000000501020304');
  });
});

describe('reads of the target', () => {
  for (const length of [1, 125, 126, 127, 4_096, 16_375, 16_376, 16_377, 65_535, 65_536, 212_888]) {
    test(`of ${length} bytes come back from ws, in masked frames of at most 16,376 bytes`, () => {
      const { uplink, sink } = opened();
      const bytes = seededBytes(length, length);
      uplink.onBytes(bytes, length);
      sink.complete();
      const messages: Buffer[] = [];
      const receiver = wsReceiver();
      receiver.on('message', (data: Buffer) => messages.push(data));
      receiver.on('error', (error: Error) => assert.fail(error));
      receiver.write(sink.taken());
      assertSameBytes(Buffer.concat(messages), bytes);
      assert.equal(messages.length, Math.ceil(length / 16_376));
      assert.ok(messages.every((message) => message.length <= 16_376));
      assert.equal(uplink.ring.deliveredBytes, length);
    });
  }

  test('stop at the bootstrap limit and one small read while the cloud connects', () => {
    for (const length of [1, 100, 4_096]) {
      const uplink = new Uplink(new RelayMemory(() => 0), fakeSource().source, 65_536);
      while (uplink.onBytes(uplink.readBuffer(), length));
      assert.ok(uplink.ring.waitingBytes <= 65_536 + 4_096 + 256, `${uplink.ring.waitingBytes} bytes`);
    }
  });

  test('after a stop are dropped, and the target goes on being read', () => {
    const { uplink, sink } = opened();
    uplink.stop();
    assert.equal(uplink.onBytes(Buffer.from('late'), 4), true);
    assert.equal(sink.taken().length, 0);
    assert.equal(uplink.ring.waitingBytes, 0);
  });
});

function opened(): { readonly uplink: Uplink; readonly sink: FakeSink } {
  const uplink = new Uplink(new RelayMemory(() => 0), fakeSource().source, 65_536);
  const sink = new FakeSink();
  uplink.ring.open(sink.asSocket(), sharesOf(1_048_576, false).uplink);
  return { uplink, sink };
}
