import type { Distribution } from '../measure/latencies.js';
import type { LoadReport, Second } from './load-report.js';

/** One plot of the page: plain numbers, drawn by the script in it. */
export interface Chart {
  readonly title: string;
  /** What the axis across stands for. `percentile` has x = 1 / (1 - share), drawn in powers of ten. */
  readonly across: 'time' | 'percentile' | 'sessions';
  /** Of the upright axis; empty for plain numbers. */
  readonly unit: string;
  readonly isLog: boolean;
  /** Points alone, without lines. */
  readonly isScatter: boolean;
  readonly x: readonly number[];
  readonly series: readonly ChartSeries[];
}

export interface ChartSeries {
  readonly label: string;
  /** As long as x; null where nothing was measured. */
  readonly y: readonly (number | null)[];
}

const MIB = 2 ** 20;

/** Every plot that has something to show, in reading order. */
export function chartsOf(report: LoadReport): Chart[] {
  const { seconds } = report;
  const all = [
    overTime('Throughput', 'MiB/s', seconds, {
      'uplink (from the device)': ({ uplinkBytesPerS }) => uplinkBytesPerS / MIB,
      'downlink (to the device)': ({ downlinkBytesPerS }) => downlinkBytesPerS / MIB,
    }),
    overTime('Sessions', '', seconds, {
      open: ({ openSessions }) => openSessions,
      'set-ups per second': ({ setUpsPerS }) => setUpsPerS,
    }),
    {
      ...overTime('Latency over time', 'ms', seconds, {
        p50: ({ latency }) => latency?.p50,
        p90: ({ latency }) => latency?.p90,
        p99: ({ latency }) => latency?.p99,
        max: ({ latency }) => latency?.max,
      }),
      isLog: true,
    },
    distribution('Latency distribution', { exchange: report.latency }),
    distribution('Set-up distribution', {
      'until the first answer': report.setUp,
      ...(report.operations === undefined
        ? {}
        : {
            'operation to EXECUTING': report.operations.executing,
            'operation to SUCCESSFUL': report.operations.successful,
          }),
    }),
    overTime('Processors', 'cores', seconds, {
      agent: ({ agentCores }) => agentCores,
      'cloud end': ({ cloudEndCores }) => cloudEndCores,
      'target end': ({ targetEndCores }) => targetEndCores,
      'control plane': ({ controlPlaneCores }) => controlPlaneCores,
    }),
    memory(seconds),
    overTime('Event-loop delay of the agent (p99)', 'ms', seconds, {
      'main thread': ({ mainLoopMs }) => mainLoopMs,
      'slowest worker': ({ workerLoopMs }) => workerLoopMs,
    }),
  ];
  return all.map(withoutEmpty).filter(({ series }) => series.length > 0);
}

type Reader = (second: Second) => number | undefined;

function overTime(
  title: string,
  unit: string,
  seconds: readonly Second[],
  series: Readonly<Record<string, Reader>>,
): Chart {
  return {
    title,
    across: 'time',
    unit,
    isLog: false,
    isScatter: false,
    x: seconds.map(({ atS }) => rounded(atS)),
    series: Object.entries(series).map(([label, read]) => ({
      label,
      y: seconds.map((second) => rounded(read(second))),
    })),
  };
}

function distribution(title: string, of: Readonly<Record<string, Distribution>>): Chart {
  // Every curve has the same percentiles, or none; 100 % would be at infinity.
  const curves = Object.entries(of).filter(([, { count }]) => count > 0);
  const most = Math.max(0, ...curves.map(([, { count }]) => count));
  // Beyond one in all of them every further point is the maximum again.
  const points = (curves[0]?.[1].curve ?? []).filter(([percentile]) => 100 / (100 - percentile) <= most * 2);
  return {
    title,
    across: 'percentile',
    unit: 'ms',
    isLog: true,
    isScatter: false,
    x: points.map(([percentile]) => 100 / (100 - percentile)),
    series: curves.map(([label, { curve }]) => ({
      label,
      y: points.map((_, index) => rounded(curve[index]?.[1])),
    })),
  };
}

/** A point for each second, by the sessions that were open in it. */
function memory(seconds: readonly Second[]): Chart {
  const points = [...seconds].sort((left, right) => left.openSessions - right.openSessions);
  return {
    title: "Agent's resident memory against sessions",
    across: 'sessions',
    unit: 'MiB',
    isLog: false,
    isScatter: true,
    x: points.map(({ openSessions }) => openSessions),
    series: [
      {
        label: 'resident memory',
        y: points.map(({ agentRssBytes }) =>
          rounded(agentRssBytes === undefined ? undefined : agentRssBytes / MIB),
        ),
      },
    ],
  };
}

function withoutEmpty(chart: Chart): Chart {
  return { ...chart, series: chart.series.filter(({ y }) => y.some((value) => value !== null)) };
}

/** Four digits are more than a plot shows, and keep the page small. */
function rounded(value: number): number;
function rounded(value: number | undefined): number | null;
function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Number(value.toPrecision(4));
}
