import type { ActivitySample } from '../../src/admin/backend.js';

/** Between two samples that are further apart than this nothing was measured: the line is cut there. In ms. */
const GAP_MS = 5_000;

/** Columns as the plot library wants them: times in s, and one column per line; null where nothing is known. */
export interface PlotData {
  readonly times: readonly number[];
  readonly uplink: readonly (number | null)[];
  readonly downlink: readonly (number | null)[];
  readonly sessions: readonly (number | null)[];
}

/** Samples as columns. */
export function plotData(samples: readonly ActivitySample[]): PlotData {
  const times: number[] = [];
  const uplink: (number | null)[] = [];
  const downlink: (number | null)[] = [];
  const sessions: (number | null)[] = [];
  let lastMs = samples[0]?.atMs ?? 0;
  const add = (atMs: number, sample: ActivitySample | undefined): void => {
    times.push(atMs / 1_000);
    uplink.push(sample?.uplinkRate ?? null);
    downlink.push(sample?.downlinkRate ?? null);
    sessions.push(sample?.sessions ?? null);
  };
  for (const sample of samples) {
    if (sample.atMs - lastMs > GAP_MS) add(lastMs + 1, undefined);
    add(sample.atMs, sample);
    lastMs = sample.atMs;
  }
  return { times, uplink, downlink, sessions };
}

/** Largest known value; 0 when there is none. */
export function peak(values: readonly (number | null)[]): number {
  return values.reduce<number>((highest, value) => Math.max(highest, value ?? 0), 0);
}

const BINARY = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/** Marks of an axis in bytes, as round as binary units are: 0, 512 KiB, 1 MiB … at most `most` of them above 0. */
export function byteSteps(highest: number, most: number): number {
  for (let unit = 1; unit < 1_024 ** 6; unit *= 1_024) {
    for (const factor of BINARY) if (factor * unit * most >= highest) return factor * unit;
  }
  return 1_024 ** 6;
}
