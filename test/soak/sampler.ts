import { readFileSync, readdirSync } from 'node:fs';
import { descendants } from '../helpers/traces.js';

/** Time between two samples, in ms. */
const INTERVAL_MS = 3_000;

/** Share of a run after which it has warmed up: heaps have found their size, code is compiled. */
const WARM_UP = 0.3;

/** Bytes of one page, as `/proc/PID/statm` counts. */
const PAGE_BYTES = 4_096;

/** The agent, with its children, at one moment. */
export interface Sample {
  /** Since the start of the run, in ms. */
  readonly atMs: number;
  readonly rssBytes: number;
  readonly descriptors: number;
  /** Of the main thread of the first process; undefined when the metrics do not answer. */
  readonly heapBytes: number | undefined;
  readonly handles: number | undefined;
}

/** Growth per hour by least squares over the samples after warming up. */
export interface Slopes {
  readonly rssMiBPerHour: number;
  readonly heapMiBPerHour: number;
  readonly descriptorsPerHour: number;
  readonly handlesPerHour: number;
}

/** Looks at the agent every few seconds. */
export class Sampler {
  readonly samples: Sample[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly pid: number,
    private readonly adminUrl: string,
    private readonly now: () => number,
  ) {}

  start(): void {
    this.#timer = setInterval(() => void this.take(), INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async take(): Promise<Sample> {
    const atMs = this.now();
    const pids = [this.pid, ...descendants(this.pid)];
    const metrics = await metricsOf(this.adminUrl);
    const sample = {
      atMs,
      rssBytes: sum(pids.map(rssOf)),
      descriptors: sum(pids.map(descriptorsOf)),
      heapBytes: valueOf(metrics, 'nodejs_heap_size_used_bytes'),
      handles: valueOf(metrics, 'nodejs_active_handles_total'),
    };
    this.samples.push(sample);
    return sample;
  }

  slopes(): Slopes {
    const { samples } = this;
    const settled = samples.slice(Math.floor(samples.length * WARM_UP));
    const MIB = 1_048_576;
    return {
      rssMiBPerHour: slopePerHour(settled.map(({ atMs, rssBytes }) => [atMs, rssBytes / MIB])),
      heapMiBPerHour: slopePerHour(
        settled.flatMap(({ atMs, heapBytes }) => (heapBytes === undefined ? [] : [[atMs, heapBytes / MIB]])),
      ),
      descriptorsPerHour: slopePerHour(settled.map(({ atMs, descriptors }) => [atMs, descriptors])),
      handlesPerHour: slopePerHour(
        settled.flatMap(({ atMs, handles }) => (handles === undefined ? [] : [[atMs, handles]])),
      ),
    };
  }
}

/** The slope of a straight line through points of (ms, value), per hour; 0 with fewer than two moments. */
export function slopePerHour(points: readonly (readonly number[])[]): number {
  const times = points.map(([at = 0]) => at / 3_600_000);
  const values = points.map(([, value = 0]) => value);
  const meanTime = sum(times) / times.length;
  const meanValue = sum(values) / values.length;
  const spread = sum(times.map((time) => (time - meanTime) ** 2));
  if (points.length < 2 || spread === 0) return 0;
  return sum(times.map((time, index) => (time - meanTime) * ((values[index] ?? 0) - meanValue))) / spread;
}

async function metricsOf(adminUrl: string): Promise<string> {
  try {
    return await (await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(5_000) })).text();
  } catch {
    return '';
  }
}

function valueOf(metrics: string, name: string): number | undefined {
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1];
  return value === undefined ? undefined : Number(value);
}

function rssOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
  } catch {
    return 0;
  }
}

function descriptorsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
