import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DropWatch } from '../../../src/cloud/drop-watch.js';

test('three short lives within a minute are another client', () => {
  const watch = new DropWatch();
  assert.deepEqual(
    [0, 20_000, 40_000, 60_000].map((at) => watch.dropped(at, at + 100)),
    [false, false, true, true],
  );
});

test('short lives far apart are accidents', () => {
  const watch = new DropWatch();
  assert.deepEqual(
    [0, 50_000, 100_000, 150_000].map((at) => watch.dropped(at, at + 100)),
    [false, false, false, false],
  );
});

test('a connection that had lived long was not thrown out by its successor', () => {
  const watch = new DropWatch();
  assert.deepEqual(
    [0, 11_000, 22_000, 33_000].map((at) => watch.dropped(at, at + 10_001)),
    [false, false, false, false],
  );
});
