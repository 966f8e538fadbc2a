import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { StormTurns } from '../../../../workers/session/storm-turns.js';

test('J01: of five hundred ends a hundred happen in each turn of the loop, in order', async () => {
  const turns = new StormTurns();
  const ended: number[] = [];
  for (let count = 0; count < 500; count += 1) turns.run(() => ended.push(count));
  const counts = [ended.length];
  while (ended.length < 500 && counts.length < 20) {
    await nextTurn();
    counts.push(ended.length);
  }
  assert.deepEqual(counts, [100, 200, 300, 400, 500]);
  assert.deepEqual(ended, [...Array(500).keys()]);
});

test('a few happen at once, turn after turn', async () => {
  const turns = new StormTurns();
  for (let turn = 0; turn < 5; turn += 1) {
    let ended = 0;
    for (let count = 0; count < 100; count += 1) turns.run(() => (ended += 1));
    assert.equal(ended, 100);
    await nextTurn();
    await nextTurn();
  }
});
