import type { Stream, Turn } from '../profiles.js';
import type { Random } from '../range.js';

/** What is asked for next. */
export interface Request {
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** Turns of a stream, one request after the other, from a random place on. */
export class Turns {
  readonly #turns: readonly Turn[];
  readonly #random: Random;
  #index = 0;
  #left: number;

  constructor({ turns }: Stream, random: Random) {
    this.#turns = turns;
    this.#random = random;
    const all = turns.reduce((sum, { repeat }) => sum + repeat, 0);
    let place = random.within({ from: 0, to: all - 1 });
    while (place >= this.#turn.repeat) {
      place -= this.#turn.repeat;
      this.#index += 1;
    }
    this.#left = this.#turn.repeat - place;
  }

  next(): Request {
    if (this.#left === 0) {
      this.#index = (this.#index + 1) % this.#turns.length;
      this.#left = this.#turn.repeat;
    }
    this.#left -= 1;
    const { requestBytes, responseBytes } = this.#turn;
    return {
      requestBytes: this.#random.within(requestBytes),
      responseBytes: this.#random.within(responseBytes),
    };
  }

  get #turn(): Turn {
    return this.#turns[this.#index] as Turn;
  }
}

/**
 * When a stream sends. A request that is due while too many are under way waits, and counts from when it was due: so a
 * gateway that stalls does not look better for having been asked less.
 */
export class Pace {
  readonly #stream: Stream;
  readonly #random: Random;
  readonly #now: () => number;
  /** Sends one; `dueAtMs` is when its latency begins. */
  readonly #send: (dueAtMs: number) => void;
  #underWay = 0;
  #waitingSinceMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(stream: Stream, random: Random, now: () => number, send: (dueAtMs: number) => void) {
    this.#stream = stream;
    this.#random = random;
    this.#now = now;
    this.#send = send;
  }

  start(): void {
    if (this.#stream.everyMs.to === 0) this.#fill();
    else this.#schedule();
  }

  /** The oldest request under way has its answer. */
  onAnswer(): void {
    this.#underWay -= 1;
    if (this.#isStopped) return;
    if (this.#stream.everyMs.to === 0) return this.#fill();
    if (this.#waitingSinceMs === undefined) return;
    const dueAtMs = this.#waitingSinceMs;
    this.#waitingSinceMs = undefined;
    this.#begin(dueAtMs);
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #fill(): void {
    while (this.#underWay < this.#stream.outstanding && !this.#isStopped) this.#begin(this.#now());
  }

  #schedule(): void {
    this.#timer = setTimeout(() => this.#onDue(), this.#random.within(this.#stream.everyMs));
  }

  #onDue(): void {
    if (this.#underWay >= this.#stream.outstanding) {
      this.#waitingSinceMs = this.#now();
      return;
    }
    this.#begin(this.#now());
    this.#schedule();
  }

  #begin(dueAtMs: number): void {
    this.#underWay += 1;
    this.#send(dueAtMs);
  }
}
