import { build, type Histogram } from 'hdr-histogram-js';

/** Faults kept as sentences; the rest is counted only. */
const MAX_SENTENCES = 10;

const NS_PER_MS = 1_000_000;

/** Longest round trip told apart, in ns: a minute. */
const LONGEST_NS = 60_000 * NS_PER_MS;

/** What happened so far, over all sessions. Bytes are payload that arrived and was right. */
export class Tally {
  upBytes = 0;
  downBytes = 0;
  /** Sessions whose greeting came through. */
  greeted = 0;
  /** Sessions of a churn that opened, carried what they should, and closed at both ends. */
  exchanges = 0;
  faults = 0;
  readonly sentences: string[] = [];
  readonly #roundTrips: Histogram = build({
    highestTrackableValue: LONGEST_NS,
    numberOfSignificantValueDigits: 3,
  });

  /** Something that must not happen: wrong bytes, a broken protocol, a session that was cut. */
  fault(sentence: string): void {
    this.faults += 1;
    if (this.sentences.length < MAX_SENTENCES) this.sentences.push(sentence);
  }

  roundTrip(ms: number): void {
    this.#roundTrips.recordValue(Math.min(LONGEST_NS, Math.max(1, Math.round(ms * NS_PER_MS))));
  }

  forgetRoundTrips(): void {
    this.#roundTrips.reset();
  }

  /** Percentiles of the round trips, in ms; undefined when there were none. */
  roundTrips(): RoundTrips | undefined {
    const at = (percentile: number): number => this.#roundTrips.getValueAtPercentile(percentile) / NS_PER_MS;
    const count = this.#roundTrips.totalCount;
    if (count === 0) return undefined;
    return { count, p50Ms: at(50), p90Ms: at(90), p99Ms: at(99), p999Ms: at(99.9), maxMs: at(100) };
  }
}

export interface RoundTrips {
  readonly count: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}
