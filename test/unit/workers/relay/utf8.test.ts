import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Utf8Check } from '../../../../workers/relay/utf8.js';
import { between, seededRandom } from '../../../helpers/seeded-stream.js';

/** Index of the first wrong byte, and whether the text may end at the end; cut as given. */
function check(bytes: Buffer, cuts: readonly number[] = []): { wrongAt: number; isComplete: boolean } {
  const utf8 = new Utf8Check();
  let start = 0;
  for (const end of [...cuts, bytes.length]) {
    const good = utf8.push(bytes, start, end);
    if (good < end) return { wrongAt: good, isComplete: false };
    start = end;
  }
  return { wrongAt: bytes.length, isComplete: utf8.isComplete };
}

/** The decoder of the platform as the oracle: the longest prefix that is text, or the beginning of some. */
function oracle(bytes: Buffer): { wrongAt: number; isComplete: boolean } {
  for (let length = 0; length <= bytes.length; length += 1) {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    try {
      decoder.decode(bytes.subarray(0, length), { stream: true });
    } catch {
      return { wrongAt: length - 1, isComplete: false };
    }
  }
  return { wrongAt: bytes.length, isComplete: isWhole(bytes) };
}

function isWhole(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

test('every pair of bytes is judged as the platform judges it', () => {
  for (let first = 0; first < 256; first += 1) {
    for (let second = 0; second < 256; second += 1) {
      const bytes = Buffer.from([first, second]);
      const expected = oracle(bytes);
      assert.deepEqual(check(bytes), expected, bytes.toString('hex'));
      assert.deepEqual(check(bytes, [1]), expected, bytes.toString('hex'));
    }
  }
});

test('text with one byte changed is judged as the platform judges it, however it is cut', () => {
  const random = seededRandom(8);
  const text = Buffer.from('κόσμε Gerät € \u{10ffff}\u{10000}\ud7ff\ue000 plain text '.repeat(4));
  for (let round = 0; round < 500; round += 1) {
    const bytes = Buffer.from(text.subarray(0, between(random, 1, text.length)));
    if (round % 3 !== 0) bytes[random() % bytes.length] = random() & 0xff;
    const expected = oracle(bytes);
    const cuts = Array.from({ length: round % 4 }, () => random() % bytes.length).sort((a, b) => a - b);
    assert.deepEqual(check(bytes, cuts), expected, bytes.toString('hex'));
  }
});
