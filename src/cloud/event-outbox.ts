import { setMaxListeners } from 'node:events';
import { MAX_OUTBOX_EVENTS } from '../../contract/limits.js';
import type { Backoff } from './backoff.js';
import type { CloudEvent, EventJournal, EventTransport } from './event.js';
import type { Log } from './log.js';
import type { Absent, Delivery } from './status-transport.js';

/** Events under way at a time: 20 a second at 100 ms each, beside the statuses, for which somebody waits. */
const PARALLEL = 2;

/** Lost events after which the log says so again. */
const LOST_STEP = 1_000;

export interface EventOutboxOptions {
  readonly transport: EventTransport;
  /** Keeps events over a restart; without it they are in memory only. */
  readonly journal: EventJournal | undefined;
  /** Whether the cloud has an event that may have been sent. */
  readonly look: (event: CloudEvent, signal: AbortSignal) => Promise<Delivery | Absent>;
  readonly backoff: Backoff;
  readonly log: Log;
  /** Most events that wait. Default MAX_OUTBOX_EVENTS. */
  readonly capacity?: number;
}

interface Entry {
  readonly event: CloudEvent;
  /** It may have been sent already: the cloud is asked first. */
  isDoubtful: boolean;
}

/**
 * Keeps events until the cloud has them, oldest first. Where more wait than there is room for, the oldest are lost, and
 * counted: what they told stands in the audit log.
 */
export class EventOutbox {
  readonly #options: EventOutboxOptions;
  readonly #capacity: number;
  /** By id, oldest first; also those under way. */
  readonly #entries = new Map<string, Entry>();
  readonly #sending = new Set<Entry>();
  /** Events that are on their way to the disk, by id. */
  readonly #journalling = new Set<string>();
  readonly #abort = new AbortController();
  readonly #idle = new Set<() => void>();
  #hold: NodeJS.Timeout | undefined;
  #isOpen = false;
  #troubled = false;
  #lost = 0;

  constructor(options: EventOutboxOptions) {
    this.#options = options;
    this.#capacity = options.capacity ?? MAX_OUTBOX_EVENTS;
    setMaxListeners(2 * PARALLEL, this.#abort.signal);
  }

  /** Events that the cloud does not have yet. */
  get size(): number {
    return this.#entries.size + this.#journalling.size;
  }

  /** Events that were lost for want of room. */
  get lost(): number {
    return this.#lost;
  }

  /** Takes an event; it goes out once it is on the disk, or the disk has failed. */
  report(event: CloudEvent): void {
    if (this.#abort.signal.aborted || this.#has(event)) return;
    this.#journalling.add(event.id);
    void (this.#options.journal?.queue(event) ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        this.#journalling.delete(event.id);
        this.#add(event, event.doubtfulSince !== undefined);
      });
  }

  /** Takes an event of an earlier run, which may have sent it. */
  resume(event: CloudEvent): void {
    if (!this.#has(event)) this.#add(event, true);
  }

  /** Begins to send; until then events are only kept. */
  open(): void {
    this.#isOpen = true;
    this.#pump();
  }

  /** Ends the wait of the back-off, as the link is up again. */
  retryNow(): void {
    clearTimeout(this.#hold);
    this.#hold = undefined;
    this.#pump();
  }

  /** Tries at once, and resolves when all is delivered or after `deadlineMs`. */
  flush(deadlineMs: number): Promise<void> {
    this.retryNow();
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#idle.delete(done);
        resolve();
      };
      const timer = setTimeout(done, deadlineMs);
      this.#idle.add(done);
    });
  }

  /** Sends nothing more; what is left stays in the journal. */
  stop(): void {
    this.#abort.abort();
    clearTimeout(this.#hold);
    for (const done of this.#idle) done();
  }

  #has({ id }: CloudEvent): boolean {
    return this.#entries.has(id) || this.#journalling.has(id);
  }

  #add(event: CloudEvent, isDoubtful: boolean): void {
    if (this.#abort.signal.aborted) return;
    this.#entries.set(event.id, { event, isDoubtful });
    if (this.#entries.size > this.#capacity) this.#loseOldest();
    this.#pump();
  }

  #loseOldest(): void {
    for (const entry of this.#entries.values()) {
      if (this.#sending.has(entry)) continue;
      if (this.#lost % LOST_STEP === 0)
        this.#options.log.error(
          { lost: this.#lost + 1, waiting: this.#capacity },
          'events for the cloud are lost, oldest first: too many wait; the audit log has what they told',
        );
      this.#lost += 1;
      return this.#forget(entry);
    }
  }

  #pump(): void {
    if (!this.#isOpen || this.#hold !== undefined || this.#abort.signal.aborted) return;
    for (const entry of this.#entries.values()) {
      if (this.#sending.size >= PARALLEL) return;
      if (!this.#sending.has(entry)) void this.#send(entry);
    }
  }

  async #send(entry: Entry): Promise<void> {
    this.#sending.add(entry);
    const delivery = await this.#deliver(entry);
    this.#sending.delete(entry);
    if (this.#abort.signal.aborted) return;
    const { backoff, log } = this.#options;
    switch (delivery.kind) {
      case 'delivered':
        backoff.reset();
        this.#forget(entry);
        break;
      case 'dropped':
        log.warn({ sessionId: entry.event.id, cause: delivery.why }, 'the cloud does not take an event');
        this.#forget(entry);
        break;
      case 'retry':
        this.#onTrouble(entry, delivery);
        break;
    }
    this.#pump();
  }

  async #deliver(entry: Entry): Promise<Delivery> {
    const { transport, look } = this.#options;
    const { signal } = this.#abort;
    if (entry.isDoubtful) {
      const found = await look(entry.event, signal);
      if (found.kind !== 'absent') return found;
    }
    // From here nobody knows, until the cloud has answered.
    entry.isDoubtful = true;
    return transport.send(entry.event, signal);
  }

  #onTrouble(entry: Entry, { why, pace, everything }: Delivery & { readonly kind: 'retry' }): void {
    const { backoff, log } = this.#options;
    if (!this.#troubled) log.warn({ cause: why, waiting: this.size }, 'events do not reach the cloud');
    this.#troubled = true;
    if (!everything && this.#entries.delete(entry.event.id)) this.#entries.set(entry.event.id, entry);
    if (this.#hold !== undefined) return;
    this.#hold = setTimeout(() => this.retryNow(), backoff.next(pace));
  }

  #forget({ event }: Entry): void {
    this.#entries.delete(event.id);
    this.#options.journal?.settled(event.id);
    if (this.size > 0) return;
    if (this.#troubled) this.#options.log.info({}, 'the cloud has every event again');
    this.#troubled = false;
    for (const done of this.#idle) done();
  }
}
