import type { StatusUpdate } from '../intake.js';
import type { Delivery, StatusTransport } from '../status-transport.js';

/**
 * How long a final status that the broker has taken may still be on its way, in ms: a bridge with a keep-alive of 60 s
 * notices after one and a half of it that nobody is there.
 */
const DOUBT_MS = 90_000;

/** Final statuses that are remembered; at more than ten a second the oldest are certain enough. */
const MAX_RECENT = 1_000;

interface Recent {
  readonly update: StatusUpdate;
  /** Monotonic; of the first time that the broker took it. */
  readonly takenAtMs: number;
}

/**
 * A broker acknowledges a status before its bridge has brought it to the cloud. One that dies in between takes it along,
 * and nobody could tell. So after a lost connection the final statuses of the last moments are published once more:
 * they set what is set already, unless they were lost.
 */
export class RecentStatuses implements StatusTransport {
  readonly #inner: StatusTransport;
  readonly #monotonic: () => number;
  readonly #recent = new Map<string, Recent>();
  readonly #doubtful = new Map<string, StatusUpdate>();

  /** `monotonic` is in ms. */
  constructor(inner: StatusTransport, monotonic: () => number) {
    this.#inner = inner;
    this.#monotonic = monotonic;
  }

  async send(update: StatusUpdate, signal: AbortSignal): Promise<Delivery> {
    const delivery = await this.#inner.send(update, signal);
    if (delivery.kind === 'delivered' && update.status !== 'EXECUTING') this.#remember(update);
    return delivery;
  }

  /** A connection that was up ended, and not by our doing. */
  onLost(): void {
    const sinceMs = this.#monotonic() - DOUBT_MS;
    for (const [operationId, { update, takenAtMs }] of this.#recent) {
      const isRoom = this.#doubtful.size < MAX_RECENT || this.#doubtful.has(operationId);
      if (takenAtMs >= sinceMs && isRoom) this.#doubtful.set(operationId, update);
    }
  }

  /** Publishes those again that the lost connection had taken; what fails is tried at the next one. */
  async repeat(signal: AbortSignal): Promise<void> {
    for (const [operationId, update] of this.#doubtful) {
      if (signal.aborted) return;
      const { kind } = await this.#inner.send(update, signal);
      if (kind === 'retry') return;
      this.#doubtful.delete(operationId);
    }
  }

  #remember(update: StatusUpdate): void {
    this.#recent.delete(update.operationId);
    this.#recent.set(update.operationId, { update, takenAtMs: this.#monotonic() });
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > MAX_RECENT && oldest !== undefined) this.#recent.delete(oldest);
  }
}
