import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the delay is measured, in ms. */
const RESOLUTION_MS = 20;

/** Two readers within this time are told the same, in ms, so that they do not take it from each other. */
const INTERVAL_MS = 10_000;

const NANOSECONDS_PER_MS = 1e6;

/** Delays of an event loop, in ms. */
export interface LoopDelays {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Measures how long the event loop of this thread keeps others waiting. */
export class LoopDelayMeter {
  readonly #loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #last: LoopDelays | undefined;
  #readAtMs: number;

  /** @param now monotonic, in ms. */
  constructor(private readonly now: () => number) {
    this.#readAtMs = now();
    this.#loop.enable();
  }

  /** Since the reading before, which was at least ten seconds ago; null before anything was measured. */
  read(): LoopDelays | null {
    if (this.now() - this.#readAtMs < INTERVAL_MS) return this.#last ?? this.#delays();
    this.#readAtMs = this.now();
    this.#last = this.#delays() ?? undefined;
    this.#loop.reset();
    return this.#last ?? null;
  }

  #delays(): LoopDelays | null {
    const { count, max } = this.#loop;
    if (count === 0) return null;
    const ms = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS_PER_MS - RESOLUTION_MS);
    return { p50Ms: ms(this.#loop.percentile(50)), p99Ms: ms(this.#loop.percentile(99)), maxMs: ms(max) };
  }
}
