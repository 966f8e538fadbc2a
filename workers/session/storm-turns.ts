/**
 * Sessions that may end in one turn of the event loop; each costs some 0.1 ms, most of it in the kernel. When the cloud
 * dies with thousands of tunnels, the others go on in the turns after it.
 */
const PER_TURN = 100;

/** Ends in slices: at once as long as there are few, and in order. */
export class StormTurns {
  readonly #waiting: (() => void)[] = [];
  #inTurn = 0;
  #isScheduled = false;

  /** Runs `act` now, or in one of the next turns. It must not throw: a later turn is nobody's callback. */
  run(act: () => void): void {
    this.#schedule();
    if (this.#inTurn >= PER_TURN || this.#waiting.length > 0) {
      this.#waiting.push(act);
      return;
    }
    this.#inTurn += 1;
    act();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    const slice = this.#waiting.splice(0, PER_TURN);
    this.#inTurn = slice.length;
    if (slice.length > 0) this.#schedule();
    for (const act of slice) act();
  }
}
