import type { User } from '../store/users.js';
import type { EndpointKind } from './channels.js';
import type { BayeuxMessage } from './message.js';

/** Most events that wait for a client; beyond that its session ends, so that it notices and asks for what it missed. */
export const MAX_QUEUED = 1_000;

/** The connection that carried a held connect has to be cut. */
export class ConnectionCut extends Error {
  constructor() {
    super('the connection is cut');
  }
}

/** What a connect is answered with. */
export interface Batch {
  readonly events: readonly BayeuxMessage[];
  /** Number of the batch, for the acknowledgement extension. */
  readonly number: number;
  /** Why it came now: events, time out, or because the session is no more. */
  readonly cause: 'events' | 'timeout' | 'replaced' | 'gone';
}

export interface SessionOptions {
  readonly id: string;
  readonly kind: EndpointKind;
  /** Who shook hands. */
  readonly user: User;
  /** Whether the client acknowledges batches; unacknowledged ones are sent again. */
  readonly acknowledges: boolean;
  /** Takes events at once instead of with the next connect reply: WebSocket without acknowledgements. */
  readonly push?: ((events: readonly BayeuxMessage[]) => void) | undefined;
  /** Called when the client stayed away too long. */
  readonly onExpired: () => void;
}

interface Waiter {
  readonly resolve: (batch: Batch) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** One Bayeux client: its subscriptions, the events it has not got yet, and its held connect, of which there is one at most. */
export class BayeuxSession {
  readonly id: string;
  readonly kind: EndpointKind;
  readonly user: User;
  readonly acknowledges: boolean;
  readonly subscriptions = new Set<string>();
  readonly #push: ((events: readonly BayeuxMessage[]) => void) | undefined;
  readonly #onExpired: () => void;
  /** Events with the batch they last went out in; 0 = not yet. */
  #queue: { readonly event: BayeuxMessage; batch: number }[] = [];
  #batch = 0;
  #waiter: Waiter | undefined;
  #absence: NodeJS.Timeout | undefined;
  /** Its connect may still be on its way out, and must not start a timer any more. */
  #hasEnded = false;

  constructor(options: SessionOptions) {
    this.id = options.id;
    this.kind = options.kind;
    this.user = options.user;
    this.acknowledges = options.acknowledges;
    this.#push = options.acknowledges ? undefined : options.push;
    this.#onExpired = options.onExpired;
  }

  /** `tenant/user`. */
  get userName(): string {
    return `${this.user.tenant}/${this.user.name}`;
  }

  /** Whether a connect is being held. */
  get isWaiting(): boolean {
    return this.#waiter !== undefined;
  }

  /** Queues an event. False when the queue is full: the session has to go. */
  deliver(event: BayeuxMessage): boolean {
    if (this.#push !== undefined && this.isWaiting) {
      this.#push([event]);
      return true;
    }
    if (this.#queue.length >= MAX_QUEUED) return false;
    this.#queue.push({ event, batch: 0 });
    if (this.isWaiting) this.#settle('events');
    return true;
  }

  /** The client has everything up to this batch. */
  acknowledge(batch: number): void {
    this.#queue = this.#queue.filter((entry) => entry.batch === 0 || entry.batch > batch);
  }

  /**
   * Holds a connect until there are events or `timeoutMs` has passed. A connect that is already held is answered first.
   * @throws ConnectionCut (rejects) when the connection ends before.
   */
  wait(timeoutMs: number): Promise<Batch> {
    this.#settle('replaced');
    clearTimeout(this.#absence);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle('timeout'), timeoutMs);
      this.#waiter = { resolve, reject, timer };
      if (this.#queue.length > 0) this.#settle('events');
    });
  }

  /** Gives the held connect up because its connection is cut from this side or gone. */
  cut(): void {
    const waiter = this.#takeWaiter();
    waiter?.reject(new ConnectionCut());
  }

  /** The client is away: unless it connects again within this time, the session ends. */
  startAbsence(limitMs: number): void {
    clearTimeout(this.#absence);
    if (!this.isWaiting && !this.#hasEnded) this.#absence = setTimeout(this.#onExpired, limitMs);
  }

  /** Ends the session; a held connect learns that it is gone. */
  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#absence);
    this.#settle('gone');
    this.#queue = [];
  }

  #settle(cause: Batch['cause']): void {
    const waiter = this.#takeWaiter();
    if (waiter === undefined) return;
    this.#batch += 1;
    const sends = cause === 'events' || cause === 'timeout';
    const events = sends ? this.#queue.map(({ event }) => event) : [];
    for (const entry of sends ? this.#queue : []) entry.batch = this.#batch;
    if (sends && !this.acknowledges) this.#queue = [];
    waiter.resolve({ events, number: this.#batch, cause });
  }

  #takeWaiter(): Waiter | undefined {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    clearTimeout(waiter?.timer);
    return waiter;
  }
}
