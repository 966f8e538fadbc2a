import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_MQTT_PACKET_BYTES, PacketScanner } from '../../../src/cloud/packet-scanner.js';

function publishHead(length: number): number[] {
  const bytes = [0x30];
  let rest = length;
  do {
    bytes.push((rest & 0x7f) | (rest > 127 ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return bytes;
}

/** Behind a CONNACK, without which nothing may come. */
function connected(): PacketScanner {
  const scanner = new PacketScanner();
  assert.equal(scanner.scan(Uint8Array.of(0x20, 2, 0, 0)), undefined);
  return scanner;
}

/** The first complaint when the bytes come in one chunk, and when they come one by one. */
function verdicts(bytes: readonly number[]): (string | undefined)[] {
  const oneByOne = connected();
  return [
    connected().scan(Uint8Array.from(bytes))?.why,
    bytes.map((byte) => oneByOne.scan(Uint8Array.of(byte))).find((wrong) => wrong !== undefined)?.why,
  ];
}

for (const length of [2, 3, 127, 128, 16_383, 16_384, MAX_MQTT_PACKET_BYTES]) {
  test(`a packet of ${length} bytes passes, and so does the one behind it`, () => {
    const stream = [...publishHead(length), ...Array<number>(length).fill(0), 0xd0, 0x00];
    assert.deepEqual(verdicts(stream), [undefined, undefined]);
  });
}

for (const length of [MAX_MQTT_PACKET_BYTES + 1, 268_435_455]) {
  test(`a packet of ${length} bytes is refused at its header`, () => {
    for (const verdict of verdicts(publishHead(length))) assert.match(verdict ?? '', /more than 65536 bytes/);
  });
}

test('a length of more than four bytes is refused', () => {
  for (const verdict of verdicts([0x30, 0x80, 0x80, 0x80, 0x80])) assert.match(verdict ?? '', /malformed/);
});

test('packets that only a client sends, and reserved ones, are refused', () => {
  for (const type of [0, 1, 8, 10, 12, 14, 15]) {
    assert.equal(connected().scan(Uint8Array.of(type << 4))?.why, `the broker sent a packet of type ${type}`);
  }
});
