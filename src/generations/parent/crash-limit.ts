/** First wait before a generation is replaced again, and the longest one, in ms. */
const BACKOFF_BASE_MS = 1_000;
const BACKOFF_CAP_MS = 30_000;

/** A generation that was in charge this long was sound: the next replacement is immediate again. */
const SOUND_MS = 60_000;

/** Generations that may die before they are ready within WINDOW_MS; one more and the service manager takes over. */
const MAX_STILLBORN = 5;
const WINDOW_MS = 60_000;

/** How soon a generation that died is replaced, and when that is pointless. */
export class CrashLimit {
  #replacements = 0;
  #stillborn: number[] = [];

  /** @param baseMs the first wait; tests shorten it. */
  constructor(private readonly baseMs = BACKOFF_BASE_MS) {}

  /**
   * A generation died. `inChargeMs` is how long it was in charge; undefined when it never became ready.
   * Gives the wait before the next one is started, in ms, or `give-up`.
   */
  died(inChargeMs: number | undefined, nowMs: number): number | 'give-up' {
    if (inChargeMs === undefined) {
      this.#stillborn = [...this.#stillborn.filter((atMs) => nowMs - atMs < WINDOW_MS), nowMs];
      if (this.#stillborn.length > MAX_STILLBORN) return 'give-up';
    } else if (inChargeMs >= SOUND_MS) {
      this.#replacements = 0;
    }
    this.#replacements += 1;
    if (this.#replacements === 1) return 0;
    return Math.min(this.baseMs * 2 ** (this.#replacements - 2), BACKOFF_CAP_MS);
  }
}
