import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudClock } from '../../../src/cloud/cloud-clock.js';

const NOON = Date.UTC(2026, 4, 1, 12, 0, 0);
const HOUR = 3_600_000;

/** A clock under test with hands that the test moves. */
function clockAt(wallMs: number) {
  const hands = { wallMs, monotonicMs: 1_000 };
  const skews: number[] = [];
  const clock = new CloudClock({
    now: () => hands.wallMs,
    monotonic: () => hands.monotonicMs,
    onSkew: (skewMs) => skews.push(skewMs),
  });
  const reply = (cloudMs: number, tookMs = 100) =>
    clock.observe(new Date(cloudMs).toUTCString(), hands.monotonicMs - tookMs);
  const isNear = (expectedMs: number) =>
    assert.ok(Math.abs(clock.now() - expectedMs) < 2_000, `${clock.now() - expectedMs} ms off`);
  return { hands, skews, clock, reply, isNear };
}

test('an hour of difference is measured from the Date header, and told once', () => {
  const { skews, reply, isNear } = clockAt(NOON);
  reply(NOON + HOUR);
  isNear(NOON + HOUR);
  reply(NOON + HOUR);
  assert.equal(skews.length, 1);
  assert.ok(Math.abs((skews[0] ?? 0) + HOUR) < 2_000, `${skews[0]} ms`);
});

test('differences within the noise count as none', () => {
  const { clock, reply, skews } = clockAt(NOON);
  reply(NOON - 1_000);
  assert.equal(clock.now(), NOON);
  assert.deepEqual(skews, []);
});

for (const [name, stepMs] of [
  ['three hours on', 3 * HOUR],
  ['a day back', -24 * HOUR],
  ['to 1970', -NOON],
  ['to 2038', Date.UTC(2038, 0, 20) - NOON],
] as const) {
  test(`I01: a wall clock that jumps ${name} does not move the cloud's time`, () => {
    const { hands, reply, isNear, skews } = clockAt(NOON);
    reply(NOON);
    hands.wallMs += stepMs;
    isNear(NOON);
    hands.monotonicMs += 20_000;
    hands.wallMs += 20_000;
    reply(NOON + 20_000);
    isNear(NOON + 20_000);
    assert.ok(Math.abs((skews[0] ?? 0) - stepMs) < 2_000, `${skews[0]} ms told`);
    hands.wallMs -= stepMs;
    reply(NOON + 20_000);
    assert.equal(skews.at(-1), 0, 'that the clocks agree again is told');
    assert.equal(skews.length, 2);
  });
}

test('a gateway that slept takes over the time of the next reply', () => {
  const { reply, isNear } = clockAt(NOON);
  reply(NOON);
  reply(NOON + HOUR);
  isNear(NOON + HOUR);
});

test('a slow reply, a missing and an unreadable header say nothing', () => {
  const { clock, reply, hands } = clockAt(NOON);
  reply(NOON + HOUR, 5_001);
  clock.observe(undefined, hands.monotonicMs);
  clock.observe('yesterday', hands.monotonicMs);
  assert.equal(clock.now(), NOON);
  assert.equal(clock.skewMs, undefined);
});

test('how far the own clock is ahead is known from the first reply on, and follows its steps', () => {
  const { clock, reply, hands } = clockAt(NOON);
  reply(NOON + HOUR);
  assert.ok(Math.abs((clock.skewMs ?? 0) + HOUR) < 2_000, String(clock.skewMs));
  hands.wallMs += HOUR;
  assert.ok(Math.abs(clock.skewMs ?? HOUR) < 2_000, String(clock.skewMs));
});
