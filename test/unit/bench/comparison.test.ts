import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { comparisonText } from '../../../bench/micro/harness/comparison-table.js';
import {
  compareRounds,
  matchNames,
  overlap,
  rangeOf,
  sidesOf,
} from '../../../bench/micro/harness/comparison.js';

describe('the median', () => {
  test('of an odd number of values is the middle one', () => {
    assert.deepEqual(rangeOf([5, 1, 100]), { low: 1, median: 5, high: 100 });
  });

  test('of an even number of values lies between the middle two', () => {
    assert.deepEqual(rangeOf([8, 2, 4, 100]), { low: 2, median: 6, high: 100 });
  });

  test('sorts by value and not by text', () => {
    assert.equal(rangeOf([10, 9, 100]).median, 10);
  });

  test('of nothing is an error', () => {
    assert.throws(() => rangeOf([]), RangeError);
  });
});

describe('ranges', () => {
  const ten = rangeOf([10, 20]);
  test('overlap when they touch, or one lies in the other', () => {
    assert.equal(overlap(ten, rangeOf([20, 30])), true);
    assert.equal(overlap(rangeOf([20, 30]), ten), true);
    assert.equal(overlap(ten, rangeOf([12, 13])), true);
  });

  test('do not overlap when there is anything between them', () => {
    assert.equal(overlap(ten, rangeOf([20.1, 30])), false);
    assert.equal(overlap(rangeOf([20.1, 30]), ten), false);
  });
});

describe('a comparison', () => {
  test('is faster when every time of B is below every time of A', () => {
    const { ratio, verdict } = compareRounds('x', [100, 110, 120], [50, 44, 90]);
    assert.equal(verdict, 'faster');
    assert.deepEqual(ratio, { low: 0.4, median: 0.5, high: 0.75 });
  });

  test('is slower when every time of B is above every time of A', () => {
    assert.equal(compareRounds('x', [50, 40], [100, 110]).verdict, 'slower');
  });

  test('is unclear while the times overlap, whatever the medians say', () => {
    assert.equal(compareRounds('x', [100, 100, 200], [10, 10, 100]).verdict, 'unclear');
  });

  test('takes its ratio from each round, so that a machine that slows down for both does not show', () => {
    assert.deepEqual(compareRounds('x', [10, 20, 40], [20, 40, 80]).ratio, { low: 2, median: 2, high: 2 });
  });

  test('of sides with different numbers of rounds is an error', () => {
    assert.throws(() => compareRounds('x', [1, 2], [1]), /number of rounds/);
  });

  test('lets each side go first as often as the other', () => {
    const order = [0, 1, 2, 3].flatMap(sidesOf).join('');
    assert.equal(order, 'abbaabba');
  });

  test('marks what is clear, and says which benches are on one side only', () => {
    const names = matchNames(['old', 'mask', 'slot', 'read'], ['mask', 'slot', 'read', 'new']);
    assert.deepEqual(names, { both: ['mask', 'slot', 'read'], onlyA: ['old'], onlyB: ['new'] });
    const text = comparisonText({
      schema: 1,
      kind: 'micro-comparison',
      date: '2026-11-03T08:15:42.118Z',
      machine: 'epyc-2c-x64-node20',
      node: '20.20.2',
      rounds: 2,
      timeMs: 100,
      a: 'main (1ad5209abc)',
      b: 'work tree (1ad5209abc-dirty)',
      benches: [
        compareRounds('mask', [100, 100], [50, 60]),
        compareRounds('slot', [100, 100], [150, 160]),
        compareRounds('read', [100, 120], [110, 130]),
      ],
      onlyA: names.onlyA,
      onlyB: names.onlyB,
    });
    assert.match(text, /^mask .*100\.0 ns .*55\.00 ns .*0\.550 .*0\.500 - 0\.600 +2\/2 .*faster$/m);
    assert.match(text, /^slot .*SLOWER$/m);
    assert.match(text, /^read .*1\.092 .*1\.083 - 1\.100 +0\/2$/m);
    assert.match(text, /^Only in A, not compared: old$/m);
    assert.match(text, /^Only in B, not compared: new$/m);
  });
});
