import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CrashLimit } from '../../../src/generations/parent/crash-limit.js';

test('the first replacement is immediate, the next ones wait 1 s, doubled to 30 s', () => {
  const limit = new CrashLimit();
  const waits = Array.from({ length: 8 }, (_, index) => limit.died(100, index * 100));
  assert.deepEqual(waits, [0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test('a generation that was in charge for a minute is replaced at once again', () => {
  const limit = new CrashLimit();
  for (let round = 0; round < 5; round += 1) limit.died(59_999, round);
  assert.equal(limit.died(59_999, 10), 16_000);
  assert.equal(limit.died(60_000, 20), 0);
  assert.equal(limit.died(0, 30), 1_000);
});

test('the sixth that dies within a minute before it is ready is the last one', () => {
  const limit = new CrashLimit();
  for (let round = 0; round < 5; round += 1) assert.notEqual(limit.died(undefined, round * 1_000), 'give-up');
  assert.equal(limit.died(undefined, 59_999), 'give-up');
});

test('deaths that are a minute old count no more', () => {
  const limit = new CrashLimit();
  for (let round = 0; round < 20; round += 1)
    assert.notEqual(limit.died(undefined, round * 15_000), 'give-up');
});
