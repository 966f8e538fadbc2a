/** How often a generation in charge looks at the clock, in ms. */
const TICK_MS = 250;

/**
 * A process that stood still longer than this, in ms, may have missed that it was told to release control. The parent
 * waits twice as long before it gives control to another generation, so one that moves has been told in time.
 */
const STILL_MS = 1_000;

/**
 * Whether this generation may claim operations. As long as its event loop turns it hears of a release at once. After
 * it stood still (stopped, swapped out, suspended), events of the network may come before the parent's message: then it
 * asks the parent first.
 */
export class Lease {
  #lastMs: number;
  #isDoubtful = false;
  #isHeld = false;
  #question: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly parts: {
      /** Asks the parent; resolves with its answer, and never when the parent is gone: then nothing is claimed. */
      readonly ask: () => Promise<boolean>;
      /** Monotonic, in ms. */
      readonly now: () => number;
    },
  ) {
    this.#lastMs = parts.now();
    this.#timer = setInterval(() => this.#look(), TICK_MS);
    this.#timer.unref();
  }

  /** True when an operation may be claimed at once. */
  isCertain(): boolean {
    this.#look();
    return this.#isHeld && !this.#isDoubtful;
  }

  /** Whether an operation may be claimed; waits for the parent when that is in doubt. */
  async isHeld(): Promise<boolean> {
    while (!this.isCertain() && this.#isHeld) {
      this.#question ??= this.#ask();
      await this.#question;
    }
    return this.#isHeld;
  }

  /** Control was given up, or taken (again). */
  set(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#isDoubtful = false;
    this.#lastMs = this.parts.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #ask(): Promise<void> {
    const isHeld = await this.parts.ask();
    this.#question = undefined;
    this.#isDoubtful = false;
    // A `release` that came in the meantime has said so already; only a new take-over gives it back.
    this.#isHeld &&= isHeld;
  }

  #look(): void {
    const nowMs = this.parts.now();
    if (nowMs - this.#lastMs > STILL_MS) this.#isDoubtful = true;
    this.#lastMs = nowMs;
  }
}
