/** Longest time between two ticks that passes as a late one, in ms; beyond it the thread did not run. */
const LONGEST_GAP_MS = 1_000;

/**
 * A monotonic clock that stands still while its thread does: the process was stopped, the machine suspended, a virtual one
 * paused. Silence of others in that time is none of theirs, so deadlines that are counted with it do not strike at once
 * when the thread goes on.
 */
export class AwakeClock {
  #asleepMs = 0;
  #tickedAtMs: number;

  /** @param monotonic in ms. */
  constructor(private readonly monotonic: () => number) {
    this.#tickedAtMs = monotonic();
  }

  readonly now = (): number => this.monotonic() - this.#asleepMs;

  /** To be called every `intervalMs`, ahead of whoever looks at deadlines. */
  tick(intervalMs: number): void {
    const nowMs = this.monotonic();
    const gapMs = nowMs - this.#tickedAtMs;
    this.#tickedAtMs = nowMs;
    if (gapMs > LONGEST_GAP_MS) this.#asleepMs += gapMs - intervalMs;
  }
}
