import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from '../../../src/cloud/backoff.js';

const TIMING = { baseMs: 1_000, capMs: 60_000, slowCapMs: 300_000, resetMs: 60_000 };

test('the bound doubles from the base to the cap', () => {
  const backoff = new Backoff(
    TIMING,
    () => 0,
    () => 1,
  );
  const waits = Array.from({ length: 9 }, () => backoff.next());
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

test('each wait is anywhere between nothing and the bound', () => {
  const backoff = new Backoff(
    TIMING,
    () => 0,
    () => 0.25,
  );
  assert.deepEqual([backoff.next(), backoff.next(), backoff.next()], [250, 500, 1_000]);
});

test('a refusal that a person has to lift is retried up to five minutes apart', () => {
  const backoff = new Backoff(
    TIMING,
    () => 0,
    () => 1,
  );
  const waits = Array.from({ length: 11 }, () => backoff.next({ kind: 'slow' }));
  assert.deepEqual(waits.slice(-2), [300_000, 300_000]);
  assert.equal(waits[0], 1_000);
});

test('a link that was up for less than a minute does not start over', () => {
  let now = 0;
  const backoff = new Backoff(
    TIMING,
    () => now,
    () => 1,
  );
  const waits = [1, 2, 3].map(() => {
    backoff.up();
    now += 59_999;
    return backoff.next();
  });
  assert.deepEqual(waits, [1_000, 2_000, 4_000]);
  backoff.up();
  now += 60_000;
  assert.equal(backoff.next(), 1_000);
});

test('time without a link is not time of stability', () => {
  let now = 0;
  const backoff = new Backoff(
    TIMING,
    () => now,
    () => 1,
  );
  backoff.up();
  backoff.next();
  now += 3_600_000;
  assert.equal(backoff.next(), 2_000);
});

test('what the other side asks for is the least', () => {
  for (const random of [0, 0.5, 0.999]) {
    const wait = new Backoff(
      TIMING,
      () => 0,
      () => random,
    ).next({ kind: 'after', ms: 5_000 });
    assert.ok(wait >= 5_000 && wait <= 6_000);
  }
});

test('who is told to wait again and again spreads more and more beyond that', () => {
  const backoff = new Backoff(
    TIMING,
    () => 0,
    () => 1,
  );
  const waits = Array.from({ length: 8 }, () => backoff.next({ kind: 'after', ms: 5_000 }));
  assert.deepEqual(waits, [6_000, 7_000, 9_000, 13_000, 21_000, 37_000, 65_000, 65_000]);
});

test('at the cap the wait is between its half and itself', () => {
  assert.equal(
    new Backoff(
      TIMING,
      () => 0,
      () => 0,
    ).next({ kind: 'cap' }),
    30_000,
  );
  assert.equal(
    new Backoff(
      TIMING,
      () => 0,
      () => 1,
    ).next({ kind: 'cap' }),
    60_000,
  );
});

test('a million failures later the wait is still finite', () => {
  const backoff = new Backoff(
    { ...TIMING, capMs: Infinity },
    () => 0,
    () => 1,
  );
  let wait = 0;
  for (let tries = 0; tries < 5_000; tries += 1) wait = backoff.next();
  assert.ok(Number.isFinite(wait));
});
