import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Respawn } from '../../../src/supervisor/respawn.js';

test('a worker that dies now and then is replaced at once', () => {
  const respawn = new Respawn();
  for (let death = 0; death < 20; death += 1) assert.equal(respawn.onDeath(death * 20_000), 0);
});

test('from the fifth death within a minute on, each doubles the wait up to half a minute', () => {
  const respawn = new Respawn();
  const waits = Array.from({ length: 12 }, (_, death) => respawn.onDeath(death * 1_000));
  assert.deepEqual(waits, [0, 0, 0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test('a loop that the wait itself slows down stays one', () => {
  const respawn = new Respawn();
  for (let death = 0; death < 10; death += 1) respawn.onDeath(0);
  for (let death = 1; death < 10; death += 1) assert.equal(respawn.onDeath(death * 31_000), 30_000);
});

test('after a minute without a death the next one is bad luck again', () => {
  const respawn = new Respawn();
  for (let death = 0; death < 10; death += 1) respawn.onDeath(0);
  assert.equal(respawn.onDeath(60_001), 0);
});
