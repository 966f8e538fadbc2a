export interface PoolLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** At most one line about stalls in this time, in ms: a machine that is too busy stalls its workers all the time. */
const QUIET_MS = 10_000;

/** Warns of workers whose event loop stood still for a while, with what happened since the line before. */
export class StallLog {
  #stalls = 0;
  #longestMs = 0;
  #loggedAtMs = -Infinity;

  constructor(private readonly log: PoolLog | undefined) {}

  /** @param nowMs monotonic. */
  onStall(worker: number, stalledMs: number, nowMs: number): void {
    this.#stalls += 1;
    this.#longestMs = Math.max(this.#longestMs, stalledMs);
    if (nowMs - this.#loggedAtMs < QUIET_MS) return;
    this.#loggedAtMs = nowMs;
    const fields = { worker, stalls: this.#stalls, longestMs: Math.round(this.#longestMs) };
    this.log?.warn(fields, 'a worker stood still for a while: its sessions waited');
    this.#stalls = 0;
    this.#longestMs = 0;
  }
}
