/** A connection that lived shorter than this was dropped "shortly after" its start, in ms. */
const SHORT_LIFE_MS = 10_000;

/** So many short lives within the window are no accident. */
const MAX_SHORT_LIVES = 3;

const WINDOW_MS = 60_000;

/**
 * Sees two clients with one id: the broker drops the older one at each connect, so they throw each other out for
 * ever. Each sees its own connection accepted and dropped soon after, over and over.
 */
export class DropWatch {
  readonly #droppedAtMs: number[] = [];

  /** A connection that was up since `upAtMs` is gone. True when it looks like another client with our id. */
  dropped(upAtMs: number, nowMs: number): boolean {
    if (nowMs - upAtMs > SHORT_LIFE_MS) return false;
    this.#droppedAtMs.push(nowMs);
    while (this.#droppedAtMs.length > MAX_SHORT_LIVES) this.#droppedAtMs.shift();
    const first = this.#droppedAtMs[0] ?? nowMs;
    return this.#droppedAtMs.length === MAX_SHORT_LIVES && nowMs - first <= WINDOW_MS;
  }
}
