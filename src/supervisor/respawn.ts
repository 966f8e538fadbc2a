/** Deaths of workers that count as bad luck, in any WINDOW_MS; from the fifth on they are a loop. */
const DEATHS_IN_WINDOW = 5;
const WINDOW_MS = 60_000;

/** First and longest wait before a worker is replaced in a loop, in ms; it doubles from death to death. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * When a worker that died is replaced: at once, unless workers keep dying. Then each death doubles the wait, until
 * none has died for a whole window: what kills them may take its time to do so again.
 */
export class Respawn {
  #deathsMs: number[] = [];
  #waitMs = 0;

  /** @param nowMs monotonic. Gives the wait before the replacement, in ms; 0 = none. */
  onDeath(nowMs: number): number {
    const lastMs = this.#deathsMs.at(-1);
    if (lastMs !== undefined && nowMs - lastMs > WINDOW_MS) this.#waitMs = 0;
    this.#deathsMs = [...this.#deathsMs, nowMs].slice(-DEATHS_IN_WINDOW);
    const [firstMs = nowMs] = this.#deathsMs;
    const isLoop = this.#deathsMs.length === DEATHS_IN_WINDOW && nowMs - firstMs <= WINDOW_MS;
    if (this.#waitMs > 0) this.#waitMs = Math.min(LONGEST_WAIT_MS, 2 * this.#waitMs);
    else if (isLoop) this.#waitMs = FIRST_WAIT_MS;
    return this.#waitMs;
  }
}
