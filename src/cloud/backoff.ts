/** Times of a back-off, in ms. */
export interface BackoffTiming {
  /** Upper end of the first wait. */
  readonly baseMs: number;
  /** Upper end of every wait. */
  readonly capMs: number;
  /** Upper end of every wait after a refusal that only a person can lift. */
  readonly slowCapMs: number;
  /** A link that was up this long starts from `baseMs` again. */
  readonly resetMs: number;
}

/** How soon to try again. */
export type Pace =
  | { readonly kind: 'normal' }
  /** Credentials, permissions, certificates: somebody has to act first. */
  | { readonly kind: 'slow' }
  /** At once to the cap: more tries make it worse. */
  | { readonly kind: 'cap' }
  /** Not before the other side asked for; in ms. */
  | { readonly kind: 'after'; readonly ms: number };

/** 2^30 s is beyond every cap; it keeps the power finite. */
const MAX_DOUBLINGS = 30;

/**
 * Exponential back-off with full jitter: each wait is random between 0 and a bound that doubles. With partial jitter
 * a thousand gateways come back in step with each other after an outage. A short success does not reset the bound, so
 * a link that flaps slows down.
 */
export class Backoff {
  readonly #timing: BackoffTiming;
  readonly #now: () => number;
  readonly #random: () => number;
  #failures = 0;
  #upSinceMs: number | undefined;

  /** `random` gives [0, 1); `now` is in ms and must not jump backwards (monotonic). */
  constructor(timing: BackoffTiming, now: () => number, random: () => number = Math.random) {
    this.#timing = timing;
    this.#now = now;
    this.#random = random;
  }

  /** The link is up from now on. */
  up(): void {
    this.#upSinceMs = this.#now();
  }

  /** Starts from the beginning again, for things that have no link to be stable. */
  reset(): void {
    this.#failures = 0;
  }

  /** The wait before the next try, in ms; each call counts as one failure. */
  next(pace: Pace = { kind: 'normal' }): number {
    const { baseMs, capMs, slowCapMs, resetMs } = this.#timing;
    if (this.#upSinceMs !== undefined && this.#now() - this.#upSinceMs >= resetMs) this.#failures = 0;
    this.#upSinceMs = undefined;
    const bound = baseMs * 2 ** Math.min(this.#failures, MAX_DOUBLINGS);
    this.#failures += 1;
    switch (pace.kind) {
      case 'normal':
        return this.#random() * Math.min(bound, capMs);
      case 'slow':
        return this.#random() * Math.min(bound, slowCapMs);
      case 'cap':
        return capMs / 2 + (this.#random() * capMs) / 2;
      case 'after':
        // What is told to a thousand gateways at once would bring them back at once, the later the more often.
        return pace.ms + this.#random() * Math.min(bound, capMs);
    }
  }
}
