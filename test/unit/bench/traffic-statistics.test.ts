import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figures, type Window } from '../../../bench/peers/figures.js';
import { rows, type RunRecord } from '../../../bench/peers/outcome.js';
import { schedule } from '../../../bench/peers/schedule.js';
import { median, quantile, ratio, summary } from '../../../bench/statistics.js';

const GIB = 2 ** 30;

const CALM: Window = {
  seconds: 1,
  upBytes: GIB,
  downBytes: 0,
  setups: 0,
  generatorCpuSeconds: 0.5,
  peerCpuSeconds: 0.4,
  foreignCpuSeconds: 0.01,
  stealSeconds: 0,
};

test('medians and quantiles lie between the values', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(quantile([10, 20, 30, 40, 50], 0.25), 20);
  assert.equal(quantile([10, 20], 1), 20);
  assert.equal(quantile([7], 0.99), 7);
  assert.throws(() => median([]), RangeError);
  assert.throws(() => quantile([1], 1.5), RangeError);
});

test('a summary has median and range, and nothing comes of nothing', () => {
  assert.deepEqual(summary([5, 1, 3]), { count: 3, median: 3, min: 1, max: 5 });
  assert.equal(summary([]), undefined);
  assert.equal(ratio(summary([4]), summary([2])), 2);
  assert.equal(ratio(summary([4]), undefined), undefined);
  assert.equal(ratio(summary([4]), summary([0])), undefined);
});

test('figures leave out disturbed windows as long as half of them are calm', () => {
  const disturbed = { ...CALM, peerCpuSeconds: 0.9, foreignCpuSeconds: 0.5 };
  const calm = figures([CALM, disturbed, CALM], undefined);
  assert.equal(calm.cpuSecondsPerGib, 0.4);
  assert.equal(calm.mibPerSecond, 1_024);
  assert.equal(calm.isDisturbed, false);
  const stolen = figures([CALM, disturbed, { ...CALM, stealSeconds: 0.2 }], undefined);
  assert.equal(stolen.isDisturbed, true);
  assert.ok(Math.abs((stolen.cpuSecondsPerGib ?? 0) - 1.7 / 3) < 1e-9);
});

test('a run is generator-bound when only the generator had no more to give', () => {
  const bound = (generator: number, peer: number): boolean =>
    figures([{ ...CALM, generatorCpuSeconds: generator, peerCpuSeconds: peer }], undefined).isGeneratorBound;
  assert.equal(bound(0.95, 0.6), true);
  assert.equal(bound(0.95, 0.95), false);
  assert.equal(bound(0.8, 0.6), false);
});

test('rows take undisturbed runs, compare with the baseline, and say what failed', () => {
  const run = (peer: string, cost: number, isDisturbed = false): RunRecord => ({
    ...{ round: 0, workload: 'up', peer, attempts: 1 },
    figures: { ...figures([{ ...CALM, peerCpuSeconds: cost }], undefined), isDisturbed },
  });
  const broken: RunRecord = {
    round: 0,
    workload: 'up',
    peer: 'c',
    attempts: 1,
    error: 'a byte is wrong\nat 4',
  };
  const records = [run('a', 0.4), run('b', 0.8), run('b', 0.9), run('b', 5, true), broken];
  const table = rows('up', records, ['a', 'b', 'c'], 'a');
  const [a, b, c] = ['a', 'b', 'c'].map((name) => table.find(({ peer }) => peer === name));
  assert.equal(a?.ratio, 1);
  assert.deepEqual(b?.summaries[0], { count: 2, median: 0.8500000000000001, min: 0.8, max: 0.9 });
  assert.ok(Math.abs((b.ratio ?? 0) - 2.125) < 1e-9);
  assert.deepEqual(b.remarks, []);
  assert.deepEqual(c, {
    ...{ peer: 'c', summaries: [undefined, undefined], ratio: undefined },
    ...{ peerShare: undefined, generatorShare: undefined, remarks: ['failed: a byte is wrong'] },
  });
});

test('every round goes over all peers, each beginning with another', () => {
  const turns = schedule(3, ['up', 'down'], ['a', 'b', 'c']);
  const order = turns.map(({ round, workload, peer }) => `${round} ${workload} ${peer}`);
  assert.deepEqual(order.slice(0, 8), [
    ...['0 up a', '0 up b', '0 up c', '0 down a', '0 down b', '0 down c'],
    ...['1 up b', '1 up c'],
  ]);
  assert.equal(new Set(order).size, 18);
  assert.deepEqual(schedule(2, ['up'], []), []);
});
