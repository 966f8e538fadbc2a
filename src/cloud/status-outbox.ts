import { setMaxListeners } from 'node:events';
import { MAX_OUTBOX_OPERATIONS } from '../../contract/limits.js';
import { Backoff, type BackoffTiming } from './backoff.js';
import type { OperationStatus, StatusReporter, StatusUpdate } from './intake.js';
import type { Log } from './log.js';
import type { StatusJournal } from './status-journal.js';
import type { Absent, Delivery, StatusTransport } from './status-transport.js';

/** Statuses under way at a time. Enough to keep up at 100 ms each, few enough for one connection pool. */
const PARALLEL = 16;

export interface StatusOutboxOptions {
  readonly transport: StatusTransport;
  /** Keeps final statuses over a restart; without it they are in memory only. */
  readonly journal?: StatusJournal | undefined;
  /** Whether the cloud has a final status of the operation: `delivered` then, and `absent` when it has none. */
  readonly look?: (operationId: string, signal: AbortSignal) => Promise<Delivery | Absent>;
  /** Waits that concern everything: the cloud is away, or asks to slow down. */
  readonly backoff: Backoff;
  /** Waits of a single operation. */
  readonly timing: BackoffTiming;
  /** Monotonic, in ms. */
  readonly monotonic: () => number;
  readonly log: Log;
}

/** What waits for one operation. */
interface Entry {
  readonly operationId: string;
  /** In order; at most EXECUTING and one final status. The first one may be under way. */
  readonly updates: StatusUpdate[];
  /** A final status is among them: nothing may follow. */
  hasFinal: boolean;
  /** Its final status is on its way to the journal, and goes to the cloud after that only. */
  isJournalling: boolean;
  /** An earlier run may have sent its final status; the cloud is asked first, as it may be told only once. */
  isDoubtful: boolean;
  /** `held`: its first status is not in the journal yet. */
  state: 'held' | 'ready' | 'sending' | 'waiting';
  readonly backoff: Backoff;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Keeps statuses until the cloud has them.
 *
 *     report --> entry per operation (in order) --> at most 16 at a time --> transport --> acked, gone
 *                  | final: journal first     ^---- back-off: its own, or everybody's ----|
 */
export class StatusOutbox implements StatusReporter {
  readonly #options: StatusOutboxOptions;
  readonly #entries = new Map<string, Entry>();
  /** Entries that may be sent, in order of arrival. */
  readonly #ready: Entry[] = [];
  /** Operations whose final status the cloud has, with that status. */
  readonly #finished = new Map<string, OperationStatus>();
  /** Operations that somebody else has ended in the cloud. */
  readonly #foregone = new Set<string>();
  readonly #abort = new AbortController();
  readonly #idle = new Set<() => void>();
  #sending = 0;
  #hold: NodeJS.Timeout | undefined;
  /** The cloud itself said how long to wait. */
  #holdIsOrdered = false;
  #troubled = false;

  constructor(options: StatusOutboxOptions) {
    this.#options = options;
    // One listener per status under way; more are a leak that Node should warn of.
    setMaxListeners(2 * PARALLEL, this.#abort.signal);
  }

  get size(): number {
    return this.#entries.size;
  }

  report(update: StatusUpdate): void {
    this.#take(update, false);
  }

  /** Like report(), for the final status that an earlier run decided and may have sent. */
  resume(update: StatusUpdate): void {
    this.#take(update, true);
  }

  /** The operation is over in the cloud, by somebody else's doing: nothing more is told of it. */
  forgo(operationId: string): void {
    this.#foregone.add(operationId);
    const [oldest] = this.#foregone;
    if (this.#foregone.size > MAX_OUTBOX_OPERATIONS && oldest !== undefined) this.#foregone.delete(oldest);
  }

  /** Tries everything at once, back-off or not, and resolves when all is delivered or after `deadlineMs`. */
  flush(deadlineMs: number): Promise<void> {
    this.#releaseHold();
    this.retryNow();
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#idle.delete(done);
        resolve();
      };
      const timer = setTimeout(done, deadlineMs);
      this.#idle.add(done);
    });
  }

  /** Ends the waits of the back-off, as the link is up again; only one that the cloud asked for stays. */
  retryNow(): void {
    if (!this.#holdIsOrdered) this.#releaseHold();
    for (const entry of this.#entries.values()) {
      if (entry.state === 'waiting') this.#wake(entry);
    }
    this.#pump();
  }

  /** Gives up what is left; later reports are ignored. */
  stop(): void {
    this.#abort.abort();
    this.#releaseHold();
    for (const entry of this.#entries.values()) clearTimeout(entry.timer);
    if (this.size > 0) this.#options.log.warn({ operations: this.size }, 'statuses were not delivered');
    this.#entries.clear();
    this.#ready.length = 0;
    this.#tellIdle();
  }

  #take(update: StatusUpdate, isDoubtful: boolean): void {
    const { operationId, status } = update;
    const known = this.#entries.get(operationId);
    if (known?.hasFinal === true || this.#abort.signal.aborted) return;
    // The same one again means that the cloud does not show it: it was acknowledged and then lost.
    if ((this.#finished.get(operationId) ?? status) !== status) return;
    if (status !== 'EXECUTING' && this.#foregone.has(operationId)) return this.#settleUntold(update);
    if (known === undefined && this.#entries.size >= MAX_OUTBOX_OPERATIONS) {
      this.#options.log.error({ operationId, status }, 'status lost: too many operations wait for the cloud');
      return;
    }
    const entry = known ?? this.#newEntry(operationId);
    if (status === 'EXECUTING' && entry.updates.length > 0) return;
    entry.updates.push(update);
    entry.isDoubtful = isDoubtful;
    entry.hasFinal = status !== 'EXECUTING';
    if (entry.hasFinal && this.#options.journal !== undefined) {
      entry.isJournalling = true;
      void this.#settleInJournal(this.#options.journal, entry, update);
    }
    if (known === undefined) this.#wake(entry);
    this.#pump();
  }

  #settleUntold(update: StatusUpdate): void {
    const { journal } = this.#options;
    const acked = (): void => journal?.acked(update.operationId);
    void journal?.settle(update).then(acked, acked);
  }

  /** A disk that does not take it must not keep it from the cloud; the journal says so once. */
  async #settleInJournal(journal: StatusJournal, entry: Entry, update: StatusUpdate): Promise<void> {
    await journal.settle(update).catch(() => undefined);
    entry.isJournalling = false;
    if (this.#entries.get(entry.operationId) !== entry || entry.state !== 'held') return;
    this.#wake(entry);
    this.#pump();
  }

  #newEntry(operationId: string): Entry {
    const { timing, monotonic } = this.#options;
    const entry: Entry = {
      operationId,
      updates: [],
      hasFinal: false,
      isJournalling: false,
      isDoubtful: false,
      state: 'held',
      backoff: new Backoff(timing, monotonic),
      timer: undefined,
    };
    this.#entries.set(operationId, entry);
    return entry;
  }

  #pump(): void {
    while (this.#hold === undefined && this.#sending < PARALLEL) {
      const entry = this.#ready.shift();
      if (entry === undefined) return;
      void this.#send(entry);
    }
  }

  async #send(entry: Entry): Promise<void> {
    const [update] = entry.updates;
    if (update === undefined) return;
    entry.state = 'sending';
    this.#sending += 1;
    const delivery = await this.#deliver(entry, update);
    this.#sending -= 1;
    if (this.#abort.signal.aborted) return;
    switch (delivery.kind) {
      case 'delivered':
        this.#options.backoff.reset();
        this.#settle(entry);
        break;
      case 'dropped':
        this.#options.log.warn(
          { operationId: entry.operationId, status: update.status, cause: delivery.why },
          'the cloud does not take a status; it is dropped',
        );
        this.#settle(entry);
        break;
      case 'retry':
        this.#onTrouble(entry, delivery);
        break;
    }
    this.#pump();
  }

  async #deliver(entry: Entry, update: StatusUpdate): Promise<Delivery> {
    const { transport, look } = this.#options;
    const { signal } = this.#abort;
    if (entry.isDoubtful && look !== undefined) {
      const found = await look(update.operationId, signal);
      if (found.kind !== 'absent') return found;
      entry.isDoubtful = false;
    }
    return transport.send(update, signal);
  }

  /** The first status of the entry is done with. */
  #settle(entry: Entry): void {
    const done = entry.updates.shift();
    if (entry.updates.length > 0) {
      this.#wake(entry);
      return;
    }
    this.#entries.delete(entry.operationId);
    if (done !== undefined && done.status !== 'EXECUTING') {
      this.#remember(done);
      this.#options.journal?.acked(done.operationId);
    }
    if (this.size === 0) this.#onEmpty();
  }

  #onTrouble(entry: Entry, delivery: Delivery & { readonly kind: 'retry' }): void {
    const { backoff, log } = this.#options;
    if (!this.#troubled)
      log.warn({ cause: delivery.why, waiting: this.size }, 'statuses do not reach the cloud');
    this.#troubled = true;
    if (!delivery.everything) {
      entry.state = 'waiting';
      entry.timer = setTimeout(() => {
        this.#wake(entry);
        this.#pump();
      }, entry.backoff.next(delivery.pace));
      return;
    }
    entry.state = 'ready';
    this.#ready.unshift(entry);
    // The others under way fail for the same reason: one hold for all of them, one step of the back-off.
    if (this.#hold !== undefined) return;
    this.#holdIsOrdered = delivery.pace.kind === 'after';
    this.#hold = setTimeout(() => {
      this.#releaseHold();
      this.#pump();
    }, backoff.next(delivery.pace));
  }

  #wake(entry: Entry): void {
    clearTimeout(entry.timer);
    entry.timer = undefined;
    const isHeld = entry.isJournalling && entry.updates.length === 1;
    entry.state = isHeld ? 'held' : 'ready';
    if (!isHeld) this.#ready.push(entry);
  }

  #releaseHold(): void {
    clearTimeout(this.#hold);
    this.#hold = undefined;
    this.#holdIsOrdered = false;
  }

  #remember({ operationId, status }: StatusUpdate): void {
    this.#finished.set(operationId, status);
    if (this.#finished.size <= MAX_OUTBOX_OPERATIONS) return;
    const [oldest] = this.#finished.keys();
    if (oldest !== undefined) this.#finished.delete(oldest);
  }

  #onEmpty(): void {
    if (this.#troubled) this.#options.log.info({}, 'the cloud has every status again');
    this.#troubled = false;
    this.#tellIdle();
  }

  #tellIdle(): void {
    for (const done of this.#idle) done();
  }
}
