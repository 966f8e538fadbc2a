import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwakeClock } from '../../../../workers/session/awake-clock.js';

test('goes with the time while the thread runs, also when ticks are late', () => {
  let ms = 5_000;
  const clock = new AwakeClock(() => ms);
  for (const step of [250, 250, 900, 1_000, 250]) {
    ms += step;
    clock.tick(250);
    assert.equal(clock.now(), ms);
  }
});

test('stands still while the thread does, and never goes back', () => {
  let ms = 0;
  const clock = new AwakeClock(() => ms);
  ms = 250;
  clock.tick(250);
  ms += 60_000;
  clock.tick(250);
  assert.equal(clock.now(), 500);
  ms += 100;
  assert.equal(clock.now(), 600);
  ms += 10_000;
  clock.tick(250);
  assert.equal(clock.now(), 750);
});
