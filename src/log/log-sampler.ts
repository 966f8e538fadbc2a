/** Lines of one message that may come at once: what a person sets off by hand is all told. */
const BURST = 100;

/** Lines of one message per second, in the long run. */
const PER_SECOND = 10;

/** How long dropped lines are counted before they are told of, in ms. */
const TELL_MS = 1_000;

/** Messages that are told apart. They are fixed texts of ours, some hundred in all. */
const MAX_MESSAGES = 1_000;

export interface LogSamplerOptions {
  /** Milliseconds that only go up. */
  readonly now: () => number;
  /** Told, within a second, how many lines of a message were left out. */
  readonly onDropped: (message: string, dropped: number) => void;
}

interface Bucket {
  tokens: number;
  filledAtMs: number;
  dropped: number;
}

/**
 * Keeps a storm out of the log: of each message a hundred lines at once and ten a second go through, the others are
 * counted. What happened to each of five thousand lost sessions is in the metrics; the log tells that it did.
 */
export class LogSampler {
  readonly #options: LogSamplerOptions;
  readonly #buckets = new Map<string, Bucket>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LogSamplerOptions) {
    this.#options = options;
  }

  /** Whether one more line of this message goes through. */
  admits(message: string): boolean {
    const nowMs = this.#options.now();
    const bucket = this.#bucket(message, nowMs);
    bucket.tokens = Math.min(BURST, bucket.tokens + ((nowMs - bucket.filledAtMs) * PER_SECOND) / 1_000);
    bucket.filledAtMs = nowMs;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return true;
    }
    bucket.dropped += 1;
    this.#timer ??= setTimeout(() => this.tell(), TELL_MS).unref();
    return false;
  }

  /** Tells now what was left out so far. */
  tell(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [message, bucket] of this.#buckets) {
      const { dropped } = bucket;
      bucket.dropped = 0;
      if (dropped > 0) this.#options.onDropped(message, dropped);
    }
  }

  #bucket(message: string, nowMs: number): Bucket {
    const known = this.#buckets.get(message);
    if (known !== undefined) return known;
    if (this.#buckets.size >= MAX_MESSAGES) {
      this.tell();
      this.#buckets.clear();
    }
    const bucket = { tokens: BURST, filledAtMs: nowMs, dropped: 0 };
    this.#buckets.set(message, bucket);
    return bucket;
  }
}
