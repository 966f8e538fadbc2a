import { HEARTBEAT_MS, WORKER_STALL_MS } from '../../contract/limits.js';

/**
 * Most of the time between two looks that counts as silence, in ms. An agent that was itself stopped or stalled (SIGSTOP,
 * a suspended machine, a busy main thread) has not looked, so it cannot say that its workers were silent meanwhile.
 */
const MAX_STEP_MS = 2 * HEARTBEAT_MS;

/** What a look at a worker's heartbeat shows. */
export type Pulse =
  | { readonly kind: 'beating' }
  /** It beats again after `stalledMs` in which it should have and did not. */
  | { readonly kind: 'resumed'; readonly stalledMs: number }
  /** It has not beaten for `stalledMs`: it is to be ended. */
  | { readonly kind: 'stopped'; readonly stalledMs: number };

/** Judges one worker by its beats. Its precision is that of the looks. */
export class Heartbeat {
  #beats = 0;
  #silentMs = 0;

  /**
   * @param beats of the worker so far.
   * @param elapsedMs since the last look, monotonic.
   */
  look(beats: number, elapsedMs: number): Pulse {
    const silentMs = this.#silentMs + Math.min(elapsedMs, MAX_STEP_MS);
    if (beats === this.#beats) {
      this.#silentMs = silentMs;
      return silentMs > WORKER_STALL_MS ? { kind: 'stopped', stalledMs: silentMs } : { kind: 'beating' };
    }
    this.#beats = beats;
    this.#silentMs = 0;
    // One interval is none, and the look may come up to one later than the beat.
    const stalledMs = silentMs - 2 * HEARTBEAT_MS;
    return stalledMs >= HEARTBEAT_MS ? { kind: 'resumed', stalledMs } : { kind: 'beating' };
  }
}
