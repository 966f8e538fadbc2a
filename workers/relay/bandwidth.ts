import type { Demand } from '../../contract/messages.js';
import { MAX_STEP, READ_STEPS } from './pace.js';

/** How often those that wait are looked at, in ms. */
const TICK_MS = 10;

/** What may be saved up while nothing moves, in seconds of the rate; never less than one read. */
const BURST_SECONDS = 0.05;

/** A read is as large as what may move in so many seconds, as far as there is a step of that size. */
const READ_SECONDS = 0.016;

/** Bytes that a session which has moved little moves at once, whatever others owe: keystrokes, mouse moves, small answers. */
const CREDIT_BYTES = 8_192;

const MS_PER_SECOND = 1_000;

/** Tokens of one rate, in bytes; they may be owed, because the size of a read is known when it is done. */
class Bucket {
  #tokens = 0;
  #atMs: number;

  constructor(
    readonly bytesPerSecond: number,
    private readonly now: () => number,
  ) {
    this.#atMs = now();
  }

  get isLimited(): boolean {
    return this.bytesPerSecond > 0;
  }

  /** True when nothing is owed. */
  get isFree(): boolean {
    if (!this.isLimited) return true;
    const nowMs = this.now();
    const grown = ((nowMs - this.#atMs) * this.bytesPerSecond) / MS_PER_SECOND;
    const most = Math.max(this.bytesPerSecond * BURST_SECONDS, READ_STEPS[stepFor(this.bytesPerSecond)] ?? 0);
    this.#tokens = Math.min(this.#tokens + grown, most);
    this.#atMs = nowMs;
    return this.#tokens >= 0;
  }

  take(bytes: number): void {
    this.#tokens -= bytes;
  }

  /** The same debt, or savings, at another rate. */
  at(bytesPerSecond: number): Bucket {
    const bucket = new Bucket(bytesPerSecond, this.now);
    if (this.isLimited && this.isFree) return bucket;
    bucket.#tokens = this.isLimited ? this.#tokens : 0;
    return bucket;
  }
}

/**
 * One direction of all sessions of a thread, and what of them may move. Sessions that wait go on in the order of what they
 * have moved (fair queueing by virtual time): whoever moved least comes first, so bulk copies get equal parts, and a session
 * that moves little is never held up by them.
 */
export class Bandwidth {
  #bucket: Bucket;
  /** What each session that is never idle has moved so far. */
  #virtualBytes = 0;
  #movedBytes = 0;
  readonly #waiting: Throttle[] = [];
  /** Those that went on in the last tick and have not read yet. */
  readonly #granted: Throttle[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly now: () => number) {
    this.#bucket = new Bucket(0, now);
  }

  get isLimited(): boolean {
    return this.#bucket.isLimited;
  }

  /** Bytes a second for all sessions together; 0 = no limit. */
  limit(bytesPerSecond: number): void {
    if (bytesPerSecond === this.#bucket.bytesPerSecond) return;
    this.#bucket = this.#bucket.at(bytesPerSecond);
    this.serve();
  }

  /** A limit for one session. @param onFree called when it may read again. */
  throttle(bytesPerSecond: number, onFree: () => void): Throttle {
    return new Throttle(this, new Bucket(bytesPerSecond, this.now), onFree);
  }

  /** What wanted to go since it was asked last. */
  demand(): Demand {
    const bytes = this.#movedBytes;
    this.#movedBytes = 0;
    return { bytes, waiting: this.#waiting.filter(({ own }) => own.isFree).length };
  }

  /** Step of a read (see pace.ts) that is not larger than the rates let through in a moment. */
  stepOf(own: Bucket): number {
    return Math.min(stepFor(own.bytesPerSecond), stepFor(this.#bucket.bytesPerSecond));
  }

  /** `throttle` has read so much. True when it may go on. */
  moved(throttle: Throttle, bytes: number): boolean {
    this.#movedBytes += bytes;
    if (throttle.own.isLimited) throttle.own.take(bytes);
    const granted = Math.min(bytes, throttle.grantedBytes);
    throttle.grantedBytes -= granted;
    this.#bucket.take(bytes - granted);
    // Who was idle begins where the others are; who waited keeps its place.
    if (!throttle.isBacklogged) throttle.virtualBytes = Math.max(throttle.virtualBytes, this.#virtualBytes);
    throttle.virtualBytes += bytes;
    const isSmall = throttle.virtualBytes - this.#virtualBytes <= CREDIT_BYTES;
    // As long as there is enough for all, nobody is ahead of the others.
    const isEnough = !this.isLimited || (this.#waiting.length === 0 && this.#bucket.isFree);
    if (isEnough) this.#virtualBytes = Math.max(this.#virtualBytes, throttle.virtualBytes);
    if (throttle.own.isFree && throttle.grantedBytes > 0) return true;
    throttle.isBacklogged = !throttle.own.isFree || (!isSmall && !isEnough);
    if (!throttle.isBacklogged) return true;
    if (!throttle.isWaiting) this.#waiting.push(throttle);
    throttle.isWaiting = true;
    this.#wake();
    return false;
  }

  leave(throttle: Throttle): void {
    this.#bucket.take(-throttle.grantedBytes);
    throttle.grantedBytes = 0;
    throttle.isWaiting = false;
    remove(this.#waiting, throttle);
    remove(this.#granted, throttle);
  }

  /** Lets those go on that may. */
  readonly serve = (): void => {
    // Who had its turn and nothing to read gives it back.
    for (const throttle of this.#granted.splice(0)) {
      this.#bucket.take(-throttle.grantedBytes);
      if (throttle.grantedBytes > 0) throttle.isBacklogged = false;
      throttle.grantedBytes = 0;
    }
    while (this.#bucket.isFree) {
      const next = this.#next();
      if (next === undefined) break;
      remove(this.#waiting, next);
      next.isWaiting = false;
      this.#virtualBytes = Math.max(this.#virtualBytes, next.virtualBytes);
      // Its read comes later in this turn of the loop; what it will take is set aside now.
      next.grantedBytes = this.#bucket.isLimited ? (READ_STEPS[this.stepOf(next.own)] ?? 0) : 0;
      this.#bucket.take(next.grantedBytes);
      if (next.grantedBytes > 0) this.#granted.push(next);
      next.onFree();
    }
    this.#wake();
  };

  #wake(): void {
    if (this.#timer !== undefined || this.#waiting.length + this.#granted.length === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.serve();
    }, TICK_MS).unref();
  }

  /** Of those that their own limit does not hold, the one that has moved least. */
  #next(): Throttle | undefined {
    let least: Throttle | undefined;
    for (const throttle of this.#waiting) {
      if (!throttle.own.isFree) continue;
      if (least === undefined || throttle.virtualBytes < least.virtualBytes) least = throttle;
    }
    return least;
  }
}

/** What one direction of a session may move. */
export class Throttle {
  virtualBytes = 0;
  grantedBytes = 0;
  isWaiting = false;
  /** It has had more to move than it could since it was idle last. */
  isBacklogged = false;

  constructor(
    private readonly line: Bandwidth,
    readonly own: Bucket,
    readonly onFree: () => void,
  ) {}

  /** The largest step in which to read. */
  get step(): number {
    return this.line.stepOf(this.own);
  }

  /** So much has been read. False: no more may be until `onFree`. */
  moved(bytes: number): boolean {
    return this.line.moved(this, bytes);
  }

  /** It limits nothing any more; `onFree` is not called again. */
  end(): void {
    this.line.leave(this);
  }
}

/** The largest step whose read takes no longer than a moment at this rate. */
function stepFor(bytesPerSecond: number): number {
  if (bytesPerSecond === 0) return MAX_STEP;
  return Math.max(
    0,
    READ_STEPS.findLastIndex((bytes) => bytes <= bytesPerSecond * READ_SECONDS),
  );
}

function remove(list: Throttle[], throttle: Throttle): void {
  const place = list.indexOf(throttle);
  if (place >= 0) list.splice(place, 1);
}
