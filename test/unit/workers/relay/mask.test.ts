import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Masker } from '../../../../workers/relay/mask.js';
import { seededBytes } from '../../../helpers/seeded-stream.js';

/** RFC 6455 section 5.3, as written there. */
function masked(bytes: Buffer, key: Buffer): Buffer {
  return Buffer.from(bytes.map((octet, i) => octet ^ (key[i % 4] ?? 0)));
}

test('payload is masked exactly for every small size and offset, by the loop and by the addon', () => {
  const masker = new Masker();
  const source = seededBytes(5, 400);
  for (let length = 0; length <= 140; length += 1) {
    for (const sourceStart of [0, 1, 2, 3, 4, 7, 64]) {
      for (const targetStart of [0, 1, 6, 8, 13]) {
        masker.renewKey();
        const target = Buffer.alloc(200, 0xee);
        masker.maskCopy(source, sourceStart, target, targetStart, length);
        const expected = Buffer.alloc(200, 0xee);
        masked(source.subarray(sourceStart, sourceStart + length), masker.key).copy(expected, targetStart);
        assert.deepEqual(target, expected, `${length} bytes from ${sourceStart} to ${targetStart}`);
      }
    }
  }
});

test('payload may be masked in place', () => {
  const masker = new Masker();
  masker.renewKey();
  for (const length of [3, 47, 48, 49, 1_000]) {
    const bytes = seededBytes(length, length);
    const expected = masked(bytes, masker.key);
    masker.maskCopy(bytes, 0, bytes, 0, length);
    assert.deepEqual(bytes, expected);
  }
});

test('keys differ from frame to frame, beyond the end of their pool', () => {
  const masker = new Masker();
  const keys = new Set<number>();
  for (let frame = 0; frame < 5_000; frame += 1) {
    masker.renewKey();
    keys.add(masker.key.readUInt32BE());
  }
  // Five thousand random 32-bit numbers: more than two pairs alike would be a one-in-a-million accident.
  assert.ok(keys.size >= 4_998, `${keys.size} different keys`);
});
