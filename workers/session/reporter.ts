import type { SessionCounters, SessionEnding, SessionWeight, WorkerReport } from '../../contract/messages.js';

/** What a report is made of besides the events. */
export interface ReportSource {
  /** Counters of the sessions that moved bytes since they were asked last. */
  changedCounters(): SessionCounters[];
  loopDelay(): WorkerReport['loopDelay'];
  /** Memory that the sessions hold. */
  heldBytes(): number;
}

/**
 * Coalesces what happens in a worker into few messages: sessions that open or close in one turn travel together, and
 * counters at most once an interval, whatever the number of sessions.
 */
export class Reporter {
  #started: string[] = [];
  #opened: { readonly sessionId: string; readonly setupMs: number }[] = [];
  #closing: { readonly sessionId: string; readonly ending: SessionEnding }[] = [];
  #unauthorized: string[] = [];
  #isScheduled = false;

  constructor(
    private readonly source: ReportSource,
    private readonly post: (report: WorkerReport) => void,
  ) {}

  started(sessionId: string): void {
    this.#started.push(sessionId);
    this.#schedule();
  }

  opened(sessionId: string, setupMs: number): void {
    this.#opened.push({ sessionId, setupMs });
    this.#schedule();
  }

  closing(sessionId: string, ending: SessionEnding): void {
    this.#closing.push({ sessionId, ending });
    this.#schedule();
  }

  /** The session waits for another token. */
  unauthorized(sessionId: string): void {
    this.#unauthorized.push(sessionId);
    this.#schedule();
  }

  /** Sends counters, loop delay and held memory; called once an interval. */
  sendCounters(): void {
    const { source } = this;
    this.#send(source.changedCounters(), { loopDelay: source.loopDelay(), heldBytes: source.heldBytes() });
  }

  sendHeaviest(heaviest: readonly SessionWeight[]): void {
    this.#send([], { heaviest });
  }

  sendDemand(demand: NonNullable<WorkerReport['demand']>): void {
    this.#send([], { demand });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.flush());
  }

  /** Sends the events that wait, if any. */
  flush(): void {
    this.#isScheduled = false;
    const events = [this.#started, this.#opened, this.#closing, this.#unauthorized];
    if (events.some(({ length }) => length > 0)) this.#send([]);
  }

  #send(
    counters: SessionCounters[],
    more: Pick<WorkerReport, 'loopDelay' | 'heldBytes' | 'heaviest' | 'demand'> = {},
  ): void {
    const report: WorkerReport = {
      kind: 'report',
      started: this.#started,
      opened: this.#opened,
      closing: this.#closing,
      counters,
      ...(this.#unauthorized.length === 0 ? {} : { unauthorized: this.#unauthorized }),
      ...more,
    };
    this.#started = [];
    this.#opened = [];
    this.#closing = [];
    this.#unauthorized = [];
    this.post(report);
  }
}
