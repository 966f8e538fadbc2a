import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_VIEW_BYTES, Pattern, PERIOD_BYTES } from '../../../bench/traffic/pattern.js';
import { StreamCheck } from '../../../bench/traffic/stream-check.js';

const LENGTH = 4_096;

function stream(seed: number, length = LENGTH, position = 0): Buffer {
  const bytes = Buffer.alloc(length);
  new Pattern(seed).write(bytes, 0, position, length);
  return bytes;
}

test('a stream is the same however it is cut, also over the end of its period', () => {
  const pattern = new Pattern(7);
  const whole = stream(7, PERIOD_BYTES + 1_000);
  for (const [position, length] of [
    [0, 1],
    [1, 64],
    [PERIOD_BYTES - 10, 500],
    [500, MAX_VIEW_BYTES],
  ] as const) {
    const expected = whole.subarray(position, position + length);
    assert.ok(pattern.view(position, length).equals(expected), `${length} bytes from ${position}`);
    assert.equal(pattern.check(expected, 0, expected.length, position), -1);
  }
});

test('bytes are right only at their own position and in their own session', () => {
  const pattern = new Pattern(3);
  assert.equal(pattern.check(stream(3), 0, LENGTH, 0), -1);
  assert.notEqual(pattern.check(stream(3), 0, LENGTH, 1), -1);
  for (const seed of [0, 1, 2, 4, 1_000]) assert.notEqual(pattern.check(stream(seed), 0, LENGTH, 0), -1);
});

test('the first wrong byte is named', () => {
  for (const wrong of [0, 1, 2_047, LENGTH - 1]) {
    const bytes = Buffer.concat([Buffer.alloc(5), stream(9)]);
    bytes[wrong + 5] = (bytes[wrong + 5] as number) ^ 1;
    assert.equal(new Pattern(9).check(bytes, 5, LENGTH + 5, 0), wrong + 5);
  }
});

test('a flipped, missing, doubled or swapped byte or block is found', () => {
  const right = stream(5);
  const flipped = Buffer.from(right);
  flipped[100] = (flipped[100] as number) ^ 0x80;
  const cut = (from: number, to: number): Buffer => right.subarray(from, to);
  const damaged = {
    flipped,
    missing: Buffer.concat([cut(0, 100), cut(101, LENGTH)]),
    doubled: Buffer.concat([cut(0, 100), cut(99, LENGTH)]),
    'blocks swapped': Buffer.concat([cut(1_024, 2_048), cut(0, 1_024), cut(2_048, LENGTH)]),
    'block missing': Buffer.concat([cut(0, 1_024), cut(2_048, LENGTH)]),
  };
  for (const [what, bytes] of Object.entries(damaged)) {
    const check = new StreamCheck(5);
    assert.equal(check.take(bytes, 0, bytes.length), false, what);
    assert.ok(check.wrongAt !== undefined && check.wrongAt <= 2_048, what);
  }
});

test('a check takes a stream in pieces and counts what was right', () => {
  const check = new StreamCheck(5);
  const bytes = stream(5);
  for (let at = 0; at < LENGTH; at += 1_000)
    assert.ok(check.take(bytes, at, Math.min(LENGTH, at + 1_000)), `from ${at}`);
  assert.equal(check.bytes, LENGTH);
  assert.equal(check.take(bytes, 0, 10), false);
  assert.equal(check.take(stream(5, 10, LENGTH), 0, 10), false, 'nothing is taken behind a wrong byte');
});

test('a masked stream is the plain one, each byte XORed', () => {
  const plain = new Pattern(2).view(0, LENGTH);
  const masked = new Pattern(2, 0x5a).view(0, LENGTH);
  assert.ok(Buffer.from(masked.map((byte) => byte ^ 0x5a)).equals(plain));
});
