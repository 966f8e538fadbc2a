import { setMaxListeners } from 'node:events';
import type { Backoff, Pace } from './backoff.js';
import type { CloudLink } from './intake.js';
import { paceOf, sentenceOf } from './link-error.js';
import type { Log } from './log.js';
import { isAborted, pause } from './pause.js';

/** Different reasons that are logged per outage; a link that fails in ever new ways must not flood the log. */
const MAX_LOGGED_REASONS = 8;

/** Requests and pauses of one attempt that may wait at a time; more are a leak that Node should warn of. */
const MAX_WAITS = 30;

export interface LinkKeeperOptions {
  /**
   * One connection from its first packet to its end; calls `onUp` once operations can be received. Ends by throwing
   * why the link is gone (LinkError or RestError say how soon to try again), or when `signal` aborts.
   */
  readonly attempt: (signal: AbortSignal, onUp: () => void) => Promise<void>;
  readonly onLink: (link: CloudLink) => void;
  readonly backoff: Backoff;
  readonly log: Log;
}

/** Keeps one link up: tries, waits with back-off, tries again, and tells each change of state once. */
export class LinkKeeper {
  readonly #options: LinkKeeperOptions;
  readonly #reasons = new Set<string>();
  #state: CloudLink['state'] | 'unknown' = 'unknown';
  #abort: AbortController | undefined;
  #waiting: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: LinkKeeperOptions) {
    this.#options = options;
  }

  /** Begins; a second call is harmless. */
  start(): void {
    if (this.#abort !== undefined) return;
    this.#abort = new AbortController();
    this.#running = this.#run(this.#abort.signal);
  }

  /** Ends a wait for the next try: what stood in the way has changed. */
  hurry(): void {
    this.#waiting?.abort();
  }

  /** Resolves when the attempt under way has ended; then it may be started again. */
  async stop(): Promise<void> {
    const stopped = this.#abort;
    stopped?.abort();
    await this.#running;
    if (this.#abort === stopped) this.#abort = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { attempt, backoff } = this.#options;
    while (!signal.aborted) {
      // Whatever the attempt left running ends with it.
      const own = new AbortController();
      setMaxListeners(MAX_WAITS, own.signal);
      const onAbort = () => {
        own.abort();
      };
      signal.addEventListener('abort', onAbort);
      let pace: Pace = { kind: 'normal' };
      try {
        await attempt(own.signal, () => this.#onUp());
      } catch (error) {
        pace = paceOf(error);
        if (!isAborted(signal)) this.#onDown(sentenceOf(error), pace);
      } finally {
        signal.removeEventListener('abort', onAbort);
        own.abort();
      }
      await this.#wait(backoff.next(pace), signal);
    }
    if (this.#state !== 'unknown') this.#options.onLink({ state: 'disconnected', reason: 'the agent stops' });
    this.#state = 'unknown';
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    const onAbort = () => waiting.abort();
    this.#waiting = waiting;
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    await pause(ms, waiting.signal);
    signal.removeEventListener('abort', onAbort);
    this.#waiting = undefined;
  }

  #onUp(): void {
    const { backoff, log, onLink } = this.#options;
    backoff.up();
    if (this.#state === 'connected') return;
    this.#state = 'connected';
    this.#reasons.clear();
    log.info({}, 'connected to the cloud');
    onLink({ state: 'connected' });
  }

  #onDown(reason: string, pace: Pace): void {
    const { log, onLink } = this.#options;
    if (this.#state === 'disconnected' && this.#reasons.has(reason)) return;
    this.#state = 'disconnected';
    if (this.#reasons.size < MAX_LOGGED_REASONS) {
      this.#reasons.add(reason);
      // What waiting will not mend is for a person to act on.
      const level = pace.kind === 'slow' || pace.kind === 'cap' ? 'error' : 'warn';
      log[level]({ reason }, 'not connected to the cloud');
    }
    onLink({ state: 'disconnected', reason });
  }
}
