import type { SessionCounters, WorkerReport } from '../../contract/messages.js';

/** What a report is made of besides the events. */
export interface ReportSource {
  /** Counters of the sessions that moved bytes since they were asked last. */
  changedCounters(): SessionCounters[];
  loopDelay(): WorkerReport['loopDelay'];
}

/**
 * Coalesces what happens in a worker into few messages: sessions that open or close in one turn travel together, and
 * counters at most once an interval, whatever the number of sessions.
 */
export class Reporter {
  #opened: { readonly sessionId: string; readonly setupMs: number }[] = [];
  #closing: string[] = [];
  #isScheduled = false;

  constructor(
    private readonly source: ReportSource,
    private readonly post: (report: WorkerReport) => void,
  ) {}

  opened(sessionId: string, setupMs: number): void {
    this.#opened.push({ sessionId, setupMs });
    this.#schedule();
  }

  closing(sessionId: string): void {
    this.#closing.push(sessionId);
    this.#schedule();
  }

  /** Sends counters and loop delay; called once an interval. */
  sendCounters(): void {
    const counters = this.source.changedCounters();
    const loopDelay = this.source.loopDelay();
    this.#send({ kind: 'report', opened: this.#opened, closing: this.#closing, counters, loopDelay });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.flush());
  }

  /** Sends the events that wait, if any. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#opened.length === 0 && this.#closing.length === 0) return;
    this.#send({ kind: 'report', opened: this.#opened, closing: this.#closing, counters: [] });
  }

  #send(report: WorkerReport): void {
    this.#opened = [];
    this.#closing = [];
    this.post(report);
  }
}
