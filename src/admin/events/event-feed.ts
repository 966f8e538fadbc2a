import { EVENT_INTERVAL_MS, MAX_EVENT_BACKLOG_BYTES, MAX_SUBSCRIBERS } from '../limits.js';
import { changesBetween, snapshotOf } from './changes.js';
import type { EventSource, Snapshot } from './messages.js';

export interface EventFeedOptions {
  readonly source: EventSource;
  /** Gets what was thrown while a message was made. */
  readonly onError: (error: unknown) => void;
  /** Between messages, in ms. Default EVENT_INTERVAL_MS. */
  readonly intervalMs?: number;
}

/** What is needed of a response. */
export interface Subscriber {
  readonly writableLength: number;
  readonly destroyed: boolean;
  write(bytes: Buffer): unknown;
  destroy(): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/**
 * Tells dashboards what happens: each gets one snapshot, then all of them get the same changes once a second.
 *
 * Changes are found by comparing with the second before, so nothing is kept per subscriber and nothing is done while there
 * is none. One that reads too slowly is dropped; it comes back for a snapshot.
 */
export class EventFeed {
  readonly #options: EventFeedOptions;
  readonly #told = new Set<Subscriber>();
  readonly #waiting = new Set<Subscriber>();
  #timer: NodeJS.Timeout | undefined;
  #last: Snapshot | undefined;
  #isTelling = false;

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  get subscribers(): number {
    return this.#told.size + this.#waiting.size;
  }

  get isFull(): boolean {
    return this.subscribers >= MAX_SUBSCRIBERS;
  }

  /** Its header must have been written. The snapshot follows at once. */
  subscribe(subscriber: Subscriber): void {
    this.#waiting.add(subscriber);
    subscriber.once('close', () => this.#leave(subscriber));
    this.#timer ??= setInterval(() => void this.#tell(), this.#options.intervalMs ?? EVENT_INTERVAL_MS);
    if (this.#last === undefined) void this.#tell();
    else this.#welcome(this.#last);
  }

  #leave(subscriber: Subscriber): void {
    this.#told.delete(subscriber);
    this.#waiting.delete(subscriber);
    if (this.subscribers > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#last = undefined;
  }

  /** One at a time: an elder that answers late makes a message late, not two at once. */
  async #tell(): Promise<void> {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      const now = await snapshotOf(this.#options.source, Date.now());
      if (this.#last !== undefined && this.#told.size > 0)
        send(this.#told, encode('changes', changesBetween(this.#last, now)));
      this.#last = this.subscribers > 0 ? now : undefined;
      if (this.#waiting.size > 0) this.#welcome(now);
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#isTelling = false;
    }
  }

  #welcome(snapshot: Snapshot): void {
    send(this.#waiting, encode('snapshot', snapshot));
    for (const subscriber of this.#waiting) this.#told.add(subscriber);
    this.#waiting.clear();
  }
}

/** One event. JSON has no line break of its own, so one `data:` line holds it. */
function encode(event: 'snapshot' | 'changes', message: object): Buffer {
  return Buffer.from(`event: ${event}\ndata: ${JSON.stringify(message)}\n\n`);
}

/** The bytes are shared: what waits for several subscribers is in memory once. */
function send(subscribers: ReadonlySet<Subscriber>, bytes: Buffer): void {
  for (const subscriber of subscribers) {
    if (subscriber.destroyed) continue;
    if (subscriber.writableLength > MAX_EVENT_BACKLOG_BYTES) subscriber.destroy();
    else subscriber.write(bytes);
  }
}
