import assert from 'node:assert/strict';

/** A small seeded generator of 32-bit numbers (xorshift32): the same seed gives the same test everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed === 0 ? 1 : seed >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

/** A whole number in [from, to]. */
export function between(random: () => number, from: number, to: number): number {
  return from + (random() % (to - from + 1));
}

/** `length` bytes of the stream that belongs to `seed`; no two seeds share a stretch that a test would miss. */
export function seededBytes(seed: number, length: number): Buffer {
  const random = seededRandom(seed * 2_654_435_761 + 97);
  const bytes = Buffer.alloc(length + 3);
  for (let at = 0; at < length; at += 4) {
    const word = random();
    bytes[at] = word & 0xff;
    bytes[at + 1] = (word >>> 8) & 0xff;
    bytes[at + 2] = (word >>> 16) & 0xff;
    bytes[at + 3] = word >>> 24;
  }
  return bytes.subarray(0, length);
}

/** `bytes` in pieces of random size, at least one byte each. */
export function* cut(bytes: Buffer, random: () => number, largest = 70_000): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    // Small pieces are where headers are cut; large ones are where buffers fill.
    const size = random() % 3 === 0 ? between(random, 1, 9) : between(random, 1, largest);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** Fails with the first difference instead of printing megabytes. */
export function assertSameBytes(actual: Buffer, expected: Buffer): void {
  if (actual.equals(expected)) return;
  let at = 0;
  while (at < actual.length && at < expected.length && actual[at] === expected[at]) at += 1;
  assert.fail(`${actual.length} bytes instead of ${expected.length}; the first difference is at ${at}`);
}
