import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudClock } from '../../../src/cloud/cloud-clock.js';

const NOON = Date.UTC(2026, 4, 1, 12, 0, 0);

test('an hour of difference is measured from the Date header', () => {
  const clock = new CloudClock(() => NOON);
  clock.observe(new Date(NOON + 3_600_000).toUTCString(), NOON - 100);
  assert.ok(Math.abs(clock.offsetMs - 3_600_000) < 1_000);
  assert.ok(Math.abs(clock.now() - (NOON + 3_600_000)) < 1_000);
});

test('differences within the noise count as none', () => {
  const clock = new CloudClock(() => NOON);
  clock.observe(new Date(NOON - 1_000).toUTCString(), NOON);
  assert.equal(clock.offsetMs, 0);
});

test('a slow reply, a missing and an unreadable header say nothing', () => {
  const clock = new CloudClock(() => NOON);
  clock.observe(new Date(NOON + 3_600_000).toUTCString(), NOON - 5_001);
  clock.observe(undefined, NOON);
  clock.observe('yesterday', NOON);
  assert.equal(clock.offsetMs, 0);
});
