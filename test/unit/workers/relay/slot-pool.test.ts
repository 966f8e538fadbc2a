import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinearMemory } from '../../../../workers/relay/linear-memory.js';
import { SlotPool } from '../../../../workers/relay/slot-pool.js';

const OWNER = { onWritten: (): void => undefined };

for (const [payload, memoryBytes] of [
  [1, 4_096],
  [4_088, 4_096],
  [4_089, 16_384],
  [16_376, 16_384],
  [16_377, 32_768],
  [32_752, 32_768],
  [32_753, 81_920],
  [81_880, 81_920],
  [81_881, 212_992],
  [212_888, 212_992],
] as const) {
  test(`${payload} bytes and the headers of their frames get a slot of ${memoryBytes}`, () => {
    const { memory } = new SlotPool().take(payload, OWNER);
    assert.equal(memory.length, memoryBytes);
    assert.ok(memory.length >= payload + 8 * Math.ceil(payload / 16_376));
  });
}

test('more than the largest slot is a fault', () => {
  assert.throws(() => new SlotPool().take(212_889, OWNER), RangeError);
});

test('slots lie in linear memory as long as there is room, and work beyond it', () => {
  const linear = LinearMemory.create(65_536) ?? assert.fail('no linear memory');
  const pool = new SlotPool(linear);
  const slots = Array.from({ length: 6 }, () => pool.take(16_000, OWNER));
  assert.deepEqual(
    slots.map(({ memory }) => linear.has(memory)),
    [true, true, true, true, false, false],
  );
  for (const slot of slots) pool.give(slot);
  assert.ok(linear.has(pool.take(16_000, OWNER).memory), 'linear memory comes first');
});

test('a slot that was given back is taken again, empty', () => {
  const pool = new SlotPool();
  const slot = pool.take(10, OWNER);
  slot.length = 10;
  slot.payloadBytes = 4;
  pool.give(slot);
  const again = pool.take(20, OWNER);
  assert.equal(again, slot);
  assert.equal(again.length + again.payloadBytes, 0);
});

test('slots in use are never handed out twice', () => {
  const pool = new SlotPool();
  const slots = new Set(Array.from({ length: 100 }, () => pool.take(1, OWNER).memory));
  assert.equal(slots.size, 100);
});

test('giving a slot back twice throws', () => {
  const pool = new SlotPool();
  const slot = pool.take(1, OWNER);
  pool.give(slot);
  assert.throws(() => pool.give(slot), /twice/);
});

test('free memory is bounded per class', () => {
  const pool = new SlotPool();
  const slots = Array.from({ length: 80 }, () => pool.take(212_888, OWNER));
  for (const slot of slots) pool.give(slot);
  const again = new Set(slots);
  let reused = 0;
  for (let i = 0; i < 80; i += 1) if (again.has(pool.take(212_888, OWNER))) reused += 1;
  assert.equal(reused, 48);
});

test('a view has the length of the content', () => {
  const slot = new SlotPool().take(100, OWNER);
  slot.length = 7;
  assert.equal(slot.view().length, 7);
  assert.equal(slot.view(), slot.view());
});
