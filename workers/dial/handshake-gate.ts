import { HANDSHAKE_TURN_MS, MAX_HANDSHAKES } from '../../contract/limits.js';
import { withDeadline } from './deadline.js';

/**
 * Lets a bounded number of dials through at a time and the others wait for their turn, first come first served. When
 * the cloud asks for a thousand sessions at once, a thousand TLS handshakes would share one processor and the same ten
 * seconds, and many would be late together; one after the other all of them are in time. One gate per thread.
 */
export class HandshakeGate {
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(
    private readonly capacity = MAX_HANDSHAKES,
    private readonly patienceMs = HANDSHAKE_TURN_MS,
  ) {}

  /**
   * Resolves when it is the caller's turn, with the function that ends it.
   * @throws what `late` makes when the turn does not come in time; or the signal's reason.
   */
  async enter(late: (waitedMs: number) => Error, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#inside >= this.capacity) {
      await withDeadline(
        this.patienceMs,
        () => late(this.patienceMs),
        signal,
        (inner) => this.#turn(inner),
      );
    } else {
      this.#inside += 1;
    }
    return () => this.#leave();
  }

  /** Whoever leaves hands its place on, so the count stays the same. */
  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onTurn = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#waiting.delete(onTurn);
        reject(signal.reason as Error);
      };
      this.#waiting.add(onTurn);
      signal.addEventListener('abort', onAbort);
    });
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#inside -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
