import { build, type Histogram } from 'hdr-histogram-js';

/** Longest time that is told apart, in µs: five minutes, above every deadline of the generator. Longer ones count as it. */
const MAX_US = 300_000_000;

/** Points of the curve per halving of the distance to 100 %: enough for a smooth line, some 60 points in all. */
const PERCENTILES = curvePercentiles();

/** Times in ms; null where there is none. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** One point of a percentile curve: so many per cent took at most this time, in ms. */
export type CurvePoint = readonly [percentile: number, ms: number];

/** A distribution as the report shows it. */
export interface Distribution extends Percentiles {
  readonly curve: readonly CurvePoint[];
}

/** Nothing measured. */
export const NO_LATENCIES: Distribution = { count: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0, curve: [] };

/** Times of a run: all of them, and those since the last look, each within 0.1 %. */
export class Latencies {
  readonly #all = create();
  readonly #recent = create();

  /** @param ms from 0. */
  add(ms: number): void {
    const us = Math.min(MAX_US, Math.max(1, Math.round(ms * 1_000)));
    this.#all.recordValue(us);
    this.#recent.recordValue(us);
  }

  /** Since the last call, or undefined when nothing came. */
  takeRecent(): Percentiles | undefined {
    if (this.#recent.totalCount === 0) return undefined;
    const percentiles = percentilesOf(this.#recent);
    this.#recent.reset();
    return percentiles;
  }

  /** Of everything. */
  distribution(): Distribution {
    if (this.#all.totalCount === 0) return NO_LATENCIES;
    const curve = PERCENTILES.map((percentile): CurvePoint => [percentile, valueAt(this.#all, percentile)]);
    return { ...percentilesOf(this.#all), curve };
  }
}

function create(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: MAX_US,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
  });
}

function percentilesOf(histogram: Histogram): Percentiles {
  return {
    count: histogram.totalCount,
    p50: valueAt(histogram, 50),
    p90: valueAt(histogram, 90),
    p99: valueAt(histogram, 99),
    p999: valueAt(histogram, 99.9),
    max: histogram.maxValue / 1_000,
  };
}

function valueAt(histogram: Histogram, percentile: number): number {
  // A percentile stands for the upper end of its bucket, which may lie above the largest value in it.
  return Math.min(histogram.getValueAtPercentile(percentile), histogram.maxValue) / 1_000;
}

/** 0 to 99.9999 per cent, closer and closer together. */
function curvePercentiles(): number[] {
  const halvings = Array.from({ length: 20 }, (_, index) => index);
  return halvings.flatMap((halving) => {
    const rest = 100 / 2 ** halving;
    return [0, 0.25, 0.5, 0.75].map((part) => 100 - rest + (rest / 2) * part);
  });
}
