import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlotPool } from '../../../../workers/relay/slot-pool.js';

const OWNER = { onWritten: (): void => undefined };

for (const [payload, room] of [
  [1, 4_096],
  [4_096, 4_096],
  [4_097, 16_384],
  [16_384, 16_384],
  [65_536, 65_536],
  [65_537, 262_144],
  [262_144, 262_144],
] as const) {
  test(`${payload} bytes get a slot for ${room} with room for the headers of all its frames`, () => {
    const { memory } = new SlotPool().take(payload, OWNER);
    const headers = 8 * Math.ceil(room / 16_376);
    assert.ok(memory.length >= room + headers);
    assert.ok(memory.length <= room + 512);
  });
}

test('more than the largest slot is a fault', () => {
  assert.throws(() => new SlotPool().take(262_145, OWNER), RangeError);
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
  const slots = Array.from({ length: 80 }, () => pool.take(262_144, OWNER));
  for (const slot of slots) pool.give(slot);
  const again = new Set(slots);
  let reused = 0;
  for (let i = 0; i < 80; i += 1) if (again.has(pool.take(262_144, OWNER))) reused += 1;
  assert.equal(reused, 16_777_216 / 262_144);
});

test('a view has the length of the content', () => {
  const slot = new SlotPool().take(100, OWNER);
  slot.length = 7;
  assert.equal(slot.view().length, 7);
  assert.equal(slot.view(), slot.view());
});
