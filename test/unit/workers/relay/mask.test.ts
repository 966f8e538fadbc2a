import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { LinearMemory } from '../../../../workers/relay/linear-memory.js';
import { Masker } from '../../../../workers/relay/mask.js';
import { KERNEL_MODULE, assembleKernel } from '../../../helpers/mask-kernel.js';
import { seededBytes, seededRandom } from '../../../helpers/seeded-stream.js';

/** RFC 6455 section 5.3, as written there. */
function masked(bytes: Buffer, key: Buffer): Buffer {
  return Buffer.from(bytes.map((octet, i) => octet ^ (key[i % 4] ?? 0)));
}

const linear = LinearMemory.create(1_048_576);

/** Where the bytes lie decides who masks them. */
const KERNELS = [
  { name: 'the loop and the addon', masker: new Masker(), memory: (bytes: number) => Buffer.alloc(bytes) },
  {
    name: 'the WebAssembly kernel',
    masker: new Masker(linear),
    memory: (bytes: number) => linear?.allocate(bytes)?.fill(0) ?? assert.fail('no linear memory'),
  },
];

test('this machine has WebAssembly with SIMD, so that the kernel is tested', () => {
  assert.notEqual(linear, undefined);
});

test('the kernel is what its source gives when assembled', async () => {
  assert.equal(await readFile(KERNEL_MODULE, 'utf8'), await assembleKernel());
});

for (const { name, masker, memory } of KERNELS) {
  test(`payload is masked exactly for every small size and offset, by ${name}`, () => {
    const source = memory(400);
    seededBytes(5, 400).copy(source);
    const target = memory(200);
    for (let length = 0; length <= 140; length += 1) {
      for (const sourceStart of [0, 1, 2, 3, 4, 7, 64]) {
        for (const targetStart of [0, 1, 6, 8, 13]) {
          masker.renewKey();
          target.fill(0xee);
          masker.maskCopy(source, sourceStart, target, targetStart, length);
          const expected = Buffer.alloc(200, 0xee);
          masked(source.subarray(sourceStart, sourceStart + length), masker.key).copy(expected, targetStart);
          if (!target.equals(expected)) assert.fail(`${length} bytes from ${sourceStart} to ${targetStart}`);
        }
      }
    }
  });

  test(`payload may be masked in place, by ${name}`, () => {
    const bytes = memory(1_000);
    for (const length of [3, 15, 16, 17, 47, 48, 49, 63, 64, 65, 1_000]) {
      masker.renewKey();
      seededBytes(length, length).copy(bytes);
      const expected = masked(bytes.subarray(0, length), masker.key);
      masker.maskCopy(bytes, 0, bytes, 0, length);
      assert.deepEqual(bytes.subarray(0, length), expected);
    }
  });

  test(`bytes are copied exactly, by ${name}`, () => {
    const [source, target] = [memory(300), memory(300)];
    seededBytes(9, 300).copy(source);
    for (let length = 0; length <= 150; length += 1) {
      const from = length % 17;
      const to = length % 23;
      masker.renewKey();
      target.fill(0xee);
      masker.copy(source, from, target, to, length);
      const expected = Buffer.alloc(300, 0xee);
      source.copy(expected, to, from, from + length);
      assert.ok(target.equals(expected), `${length} bytes`);
    }
    assert.throws(() => masker.copy(source, 200, target, 0, 101), RangeError);
    assert.throws(() => masker.copy(source, 0, target, 200, 101), RangeError);
  });

  test(`more than either side holds is refused, by ${name}`, () => {
    const [small, large] = [memory(64), memory(128)];
    assert.throws(() => masker.maskCopy(small, 0, large, 0, 65), RangeError);
    assert.throws(() => masker.maskCopy(large, 0, small, 0, 65), RangeError);
    assert.throws(() => masker.maskCopy(large, 100, large, 0, 29), RangeError);
    assert.throws(() => masker.maskCopy(large, 0, large, 100, 29), RangeError);
  });
}

test('random sizes and places give the same from both', () => {
  const random = seededRandom(77);
  const [ours, theirs] = [new Masker(linear), new Masker()];
  const memory = linear?.allocate(200_000) ?? assert.fail('no linear memory');
  for (let round = 0; round < 500; round += 1) {
    const length = random() % (round % 2 === 0 ? 300 : 90_000);
    const [from, to] = [random() % 9_000, 100_000 + (random() % 9_000)];
    seededBytes(round, length).copy(memory, from);
    const expected = Buffer.alloc(length);
    ours.renewKey();
    theirs.useKey(ours.key);
    theirs.maskCopy(Buffer.from(memory.subarray(from, from + length)), 0, expected, 0, length);
    ours.maskCopy(memory, from, memory, to, length);
    if (!memory.subarray(to, to + length).equals(expected))
      assert.fail(`${length} bytes from ${from} to ${to}`);
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
