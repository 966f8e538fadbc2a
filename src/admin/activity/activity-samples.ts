import type { ActivitySample, GenerationView } from '../backend.js';

/** How far back samples are kept, in ms. */
export const HISTORY_MS = 15 * 60_000;

/** Time between samples, in ms. */
export const SAMPLE_MS = 1_000;

/** Samples that are kept: those of 15 minutes, and a few more because a timer is never early but may be late. */
const MAX_SAMPLES = HISTORY_MS / SAMPLE_MS + 1;

type Totals = Pick<GenerationView, 'generation' | 'sessions' | 'uplinkBytes' | 'downlinkBytes'>;

interface Seen {
  readonly atMs: number;
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
}

/**
 * Throughput and number of sessions over the last 15 minutes. Each generation is compared with itself: the totals of the
 * agent fall when an elder ends, its own never do.
 */
export class ActivitySamples {
  #samples: readonly ActivitySample[] = [];
  #seen = new Map<number, Seen>();

  /** `atMs` is the wall clock. A generation that does not answer is left out, and made up for when it does again. */
  take(atMs: number, generations: readonly Totals[]): void {
    const alive = new Set(generations.map(({ generation }) => generation));
    for (const generation of this.#seen.keys()) if (!alive.has(generation)) this.#seen.delete(generation);
    let [uplinkRate, downlinkRate, sessions] = [0, 0, 0];
    for (const one of generations) {
      sessions += one.sessions ?? 0;
      const rates = this.#ratesOf(one, atMs);
      uplinkRate += rates.uplink;
      downlinkRate += rates.downlink;
    }
    const rates = { uplinkRate: Math.round(uplinkRate), downlinkRate: Math.round(downlinkRate) };
    this.#samples = wanted([...this.#samples, { atMs, ...rates, sessions }], atMs);
  }

  /** Takes over what an earlier generation saw before this one saw anything. */
  seed(samples: readonly ActivitySample[]): void {
    const first = this.#samples[0]?.atMs ?? Infinity;
    this.#samples = [...samples.filter(({ atMs }) => atMs < first), ...this.#samples].slice(-MAX_SAMPLES);
  }

  /** Oldest first; a new list after each sample, as what is new is found by comparing two of them. */
  list(): readonly ActivitySample[] {
    return this.#samples;
  }

  #ratesOf(
    { generation, uplinkBytes, downlinkBytes }: Totals,
    atMs: number,
  ): { uplink: number; downlink: number } {
    // An elder of another version may not tell its bytes.
    if (!Number.isFinite(uplinkBytes) || !Number.isFinite(downlinkBytes)) return { uplink: 0, downlink: 0 };
    const now = { atMs, uplinkBytes: uplinkBytes ?? 0, downlinkBytes: downlinkBytes ?? 0 };
    const before = this.#seen.get(generation);
    this.#seen.set(generation, now);
    const seconds = (atMs - (before?.atMs ?? atMs)) / 1_000;
    if (before === undefined || seconds <= 0) return { uplink: 0, downlink: 0 };
    return {
      uplink: Math.max(0, now.uplinkBytes - before.uplinkBytes) / seconds,
      downlink: Math.max(0, now.downlinkBytes - before.downlinkBytes) / seconds,
    };
  }
}

/** A clock that was set back leaves samples of the future behind: they go too. */
function wanted(samples: readonly ActivitySample[], nowMs: number): readonly ActivitySample[] {
  return samples.filter(({ atMs }) => atMs <= nowMs && atMs > nowMs - HISTORY_MS).slice(-MAX_SAMPLES);
}
