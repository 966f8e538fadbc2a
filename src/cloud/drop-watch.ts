/** So many drops by the broker within the window are no accident. */
const MAX_DROPS = 3;

const WINDOW_MS = 60_000;

/** A connection that lasted this long was nobody's prey: the other client is gone. */
const STABLE_MS = 60_000;

/**
 * Sees two clients with one id: the broker drops the older one at each connect, so they throw each other out for
 * ever. Each sees its own connection accepted and dropped soon after, over and over. A broker that limits us looks the
 * same, and wants the same: that we stop hurrying.
 */
export class DropWatch {
  readonly #droppedAtMs: number[] = [];
  #isContested = false;

  /**
   * The broker ended a connection that was up since `upAtMs`. True when it looks like another client with our id, and
   * from then on until a connection has lasted.
   */
  dropped(upAtMs: number, nowMs: number): boolean {
    if (nowMs - upAtMs >= STABLE_MS) {
      this.#isContested = false;
      this.#droppedAtMs.length = 0;
      return false;
    }
    this.#droppedAtMs.push(nowMs);
    while (this.#droppedAtMs.length > MAX_DROPS) this.#droppedAtMs.shift();
    const first = this.#droppedAtMs[0] ?? nowMs;
    this.#isContested ||= this.#droppedAtMs.length === MAX_DROPS && nowMs - first <= WINDOW_MS;
    return this.#isContested;
  }
}
