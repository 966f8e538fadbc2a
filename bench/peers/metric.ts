import type { Figures } from './figures.js';
import type { Workload } from './workload.js';

/** One figure of a workload, as tables and charts show it. */
export interface Metric {
  readonly title: string;
  readonly digits: number;
  readonly better: 'lower' | 'higher';
  readonly of: (figures: Figures) => number | undefined;
}

const CPU_PER_GIB: Metric = {
  title: 'CPU-s/GiB',
  digits: 3,
  better: 'lower',
  of: (figures) => figures.cpuSecondsPerGib,
};

const THROUGHPUT: Metric = {
  title: 'MiB/s',
  digits: 0,
  better: 'higher',
  of: (figures) => figures.mibPerSecond,
};

const P50: Metric = { title: 'p50 ms', digits: 3, better: 'lower', of: (figures) => figures.p50Ms };

const P99: Metric = { title: 'p99 ms', digits: 3, better: 'lower', of: (figures) => figures.p99Ms };

const SETUPS: Metric = {
  title: 'set-ups/s',
  digits: 0,
  better: 'higher',
  of: (figures) => figures.setupsPerSecond,
};

const CPU_PER_SETUP: Metric = {
  title: 'CPU-ms/set-up',
  digits: 3,
  better: 'lower',
  of: (figures) => figures.cpuMsPerSetup,
};

/** The figures of each workload; ratios are of the first. */
export const METRICS: Readonly<Record<Workload, readonly [Metric, ...Metric[]]>> = {
  up: [CPU_PER_GIB, THROUGHPUT],
  down: [CPU_PER_GIB, THROUGHPUT],
  both: [CPU_PER_GIB, THROUGHPUT],
  mixed: [P99, P50, CPU_PER_GIB, THROUGHPUT],
  echo: [P50, P99],
  churn: [SETUPS, CPU_PER_SETUP],
};
