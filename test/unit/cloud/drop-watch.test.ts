import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DropWatch } from '../../../src/cloud/drop-watch.js';

/** What is said of connections that begin at these times and last so long. */
function verdicts(lifeMs: number, beginnings: readonly number[], watch = new DropWatch()): boolean[] {
  return beginnings.map((at) => watch.dropped(at, at + lifeMs));
}

test('three drops within a minute are another client', () => {
  assert.deepEqual(verdicts(100, [0, 20_000, 40_000, 60_000]), [false, false, true, true]);
});

test('it does not matter how long each lived, as the other one backs off too', () => {
  assert.deepEqual(verdicts(19_000, [0, 20_000, 40_000]), [false, false, true]);
});

test('drops far apart are accidents', () => {
  assert.deepEqual(verdicts(100, [0, 50_000, 100_000, 150_000]), [false, false, false, false]);
});

test('once it was seen, drops at the slower pace count as well, until a connection has lasted a minute', () => {
  const watch = new DropWatch();
  assert.deepEqual(verdicts(100, [0, 1_000, 2_000, 62_000, 122_000], watch), [
    false,
    false,
    true,
    true,
    true,
  ]);
  assert.deepEqual(verdicts(60_000, [182_000], watch), [false]);
  assert.deepEqual(verdicts(100, [242_000, 243_000], watch), [false, false]);
});
