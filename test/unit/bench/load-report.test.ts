import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorTally } from '../../../bench/load/measure/error-tally.js';
import { Latencies, NO_LATENCIES } from '../../../bench/load/measure/latencies.js';
import { mainLoopMs } from '../../../bench/load/measure/agent-view.js';
import { buildReport } from '../../../bench/load/report/build-report.js';
import { chartsOf } from '../../../bench/load/report/charts.js';
import type { LoadReport, Second } from '../../../bench/load/report/load-report.js';
import { acrossLabel, percentileMarks } from '../../../bench/load/report/page-script.js';
import { reportPage } from '../../../bench/load/report/report-page.js';
import type { Measured } from '../../../bench/load/load-run.js';
import type { LocalOptions } from '../../../bench/load/options.js';
import { progressText } from '../../../bench/load/progress.js';
import { bytesText, timeText } from '../../../bench/load/text.js';

const OPTIONS: LocalOptions = {
  ...{ mode: 'local', sessions: 2, profile: 'plc', minutes: 0.1, ramp: 0, seed: 1, out: 'out' },
  ...{ tls: false, workers: undefined },
};

const MIB = 2 ** 20;

const SECOND: Second = {
  ...{ atS: 1, openSessions: 2, setUpsPerS: 2, exchangesPerS: 10, errors: 0 },
  ...{ uplinkBytesPerS: 3 * MIB, downlinkBytesPerS: MIB, agentCores: 0.5, agentRssBytes: 100 * MIB },
};

const PERCENTILES = { count: 10, p50: 1, p90: 2, p99: 3, p999: 4, max: 5 };

/** A run of ten seconds that moved 2 GiB with 4 CPU seconds of the agent; the cloud end used 9.5. */
function measured(): Measured {
  const used = (cpuS: number) => ({ cpuS, rssBytes: 100 * MIB });
  const latencies = new Latencies();
  for (let ms = 1; ms <= 1_000; ms += 1) latencies.add(ms);
  const counts = {
    ...{ openSessions: 0, openingSessions: 0, setUps: 2, ended: 2, exchanges: 1_000, errors: 0 },
    ...{ sentBytes: 2 ** 30, receivedBytes: 2 ** 30 },
    ...{ verifiedDownlinkBytes: 2 ** 30, verifiedUplinkBytes: 2 ** 30 },
  };
  const usage = (agent: number, cloudEnd: number) => ({
    ...{ agent: used(agent), cloudEnd: used(cloudEnd), targetEnd: used(1), controlPlane: used(1) },
  });
  return {
    ...{ startedAt: new Date(0), durationS: 10, pssBytes: 90 * MIB, wasInterrupted: false },
    seconds: [SECOND, { ...SECOND, atS: 2, agentRssBytes: 120 * MIB, latency: PERCENTILES }],
    cloudEnd: { counts, latency: latencies.distribution(), setUp: NO_LATENCIES, errors: [] },
    operations: undefined,
    usage: { before: usage(1, 0.5), after: usage(5, 10) },
    agentView: undefined,
    targetVerifiedBytes: 2 ** 30,
  };
}

function report(change: Partial<Measured> = {}): LoadReport {
  return buildReport({
    ...{ options: OPTIONS, command: '<b>npm</b>', warnings: [] },
    measured: { ...measured(), ...change },
  });
}

test('percentiles are within 0.1 %, none lies above the maximum, and the recent ones begin anew', () => {
  const latencies = new Latencies();
  for (let ms = 1; ms <= 10_000; ms += 1) latencies.add(ms);
  const { count, p50, p99, p999, max, curve } = latencies.distribution();
  assert.equal(count, 10_000);
  for (const [value, exact] of [
    [p50, 5_000],
    [p99, 9_900],
    [p999, 9_990],
    [max, 10_000],
  ] as const) {
    assert.ok(Math.abs(value / exact - 1) <= 0.001, `${value} for ${exact}`);
  }
  assert.ok(curve.every(([, ms], index) => ms <= max && ms >= (curve[index - 1]?.[1] ?? 0)));
  assert.equal(latencies.takeRecent()?.count, 10_000);
  assert.equal(latencies.takeRecent(), undefined);
  latencies.add(7);
  assert.equal(latencies.takeRecent()?.max, 7);
  assert.equal(latencies.distribution().count, 10_001);
});

test('times beyond five minutes count as five minutes, and 0 as a microsecond', () => {
  const latencies = new Latencies();
  latencies.add(1e9);
  latencies.add(0);
  const { max, p50 } = latencies.distribution();
  assert.ok(Math.abs(max / 300_000 - 1) <= 0.001);
  assert.equal(p50, 0.001);
});

test('errors are counted by kind with a few examples, the most frequent first, and kinds are bounded', () => {
  const tally = new ErrorTally();
  tally.add('rare', 'once');
  for (let n = 0; n < 10; n += 1) tally.add('often', `number ${n}`);
  assert.deepEqual(
    tally.list().map(({ kind, count, examples }) => [kind, count, examples.length]),
    [
      ['often', 10, 5],
      ['rare', 1, 1],
    ],
  );
  for (let n = 0; n < 1_000; n += 1) tally.add(`kind ${n}`, '');
  assert.ok(tally.list().length <= 51);
  assert.equal(tally.total, 1_011);
});

test('the report divides CPU time by what was moved, and says that the generator was the bottleneck', () => {
  const { agent, generator, isGood, notes } = report();
  assert.equal(agent?.cpuS, 4);
  assert.equal(agent.cpuSPerGib, 2);
  assert.equal(agent.cpuUsPerExchange, 4_000);
  assert.equal(agent.rssBytesMax, 120 * MIB);
  assert.equal(generator.cloudEnd.cores, 0.95);
  assert.equal(isGood, true);
  assert.match(notes.join('\n'), /The generator was the bottleneck \(cloud end\)/);
});

test('a run with errors, or without a single session, is not good', () => {
  const { cloudEnd } = measured();
  const wrong = [{ kind: 'corrupt', count: 1, examples: ['<script>alert(1)</script>'] }];
  const bad = report({ cloudEnd: { ...cloudEnd, counts: { ...cloudEnd.counts, errors: 1 }, errors: wrong } });
  assert.equal(bad.isGood, false);
  assert.equal(
    report({ cloudEnd: { ...cloudEnd, counts: { ...cloudEnd.counts, setUps: 0 } } }).isGood,
    false,
  );
  const page = reportPage(bad);
  assert.match(page, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/);
  assert.doesNotMatch(page, /<script>alert|<b>npm/);
});

test('ends that count differently without an error are noted', () => {
  assert.match(report({ targetVerifiedBytes: 5 }).notes.join('\n'), /The target end verified 5 bytes/);
});

test('where the system tells nothing about processes, the report has no such figures and says so', () => {
  const nothing = { cpuS: undefined, rssBytes: undefined };
  const usages = { agent: nothing, cloudEnd: nothing, targetEnd: nothing, controlPlane: nothing };
  const bare = { ...SECOND, agentCores: undefined, agentRssBytes: undefined };
  const { agent, notes, ...rest } = report({
    usage: { before: usages, after: usages },
    seconds: [bare],
    pssBytes: undefined,
  });
  assert.equal(agent?.cpuSPerGib, undefined);
  assert.match(notes.join('\n'), /read from \/proc, which this system does not have/);
  const titles = chartsOf({ ...rest, agent, notes }).map(({ title }) => title);
  assert.ok(!titles.some((title) => /Processors|memory/.test(title)));
  assert.match(reportPage({ ...rest, agent, notes }), /Not measured/);
});

test('every series of a chart is as long as its axis, and charts without values are left out', () => {
  const charts = chartsOf(report());
  for (const { x, series, title } of charts) {
    assert.ok(series.length > 0, title);
    for (const { y } of series) assert.equal(y.length, x.length, title);
  }
  const titles = charts.map(({ title }) => title);
  assert.ok(titles.includes('Latency distribution') && !titles.includes('Set-up distribution'));
});

test('the axis of percentiles is marked by nines', () => {
  assert.deepEqual(
    percentileMarks([1, 500, 1_500]).map((mark) => acrossLabel('percentile', mark)),
    ['50 %', '90 %', '99 %', '99.9 %'],
  );
});

test("the main thread's delay is without the period of its timer", () => {
  const metrics = '# HELP x\nnodejs_eventloop_lag_p99_seconds 0.0125\nnodejs_eventloop_lag_p50_seconds 1\n';
  assert.equal(mainLoopMs(metrics)?.toFixed(3), '2.500');
  assert.equal(mainLoopMs('nothing'), undefined);
});

test('figures for people have about three digits and a unit', () => {
  assert.deepEqual([0, 1_023, 1_536, 5 * MIB, 2 ** 45].map(bytesText), [
    ...['0 B', '1023 B', '1.5 KiB', '5 MiB', '32 TiB'],
  ]);
  assert.deepEqual([0.123, 12.34, 1_234].map(timeText), ['0.12 ms', '12.3 ms', '1.23 s']);
  assert.equal(
    progressText({ ...SECOND, latency: PERCENTILES }, 6),
    '1 / 6 s · 2 sessions · 4 MiB/s · p99 3 ms · 0 errors',
  );
});
