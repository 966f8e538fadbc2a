import { bootMs } from './boot-clock.js';

/** Replies slower than this say little about the cloud's clock, in ms. */
const MAX_ROUND_TRIP_MS = 5_000;

/** Differences below this are the `Date` header's whole seconds and the way of the reply, in ms. */
const NOISE_MS = 2_000;

/** A difference of the clocks that an operator should know of, in ms; so is a change by as much. */
export const TELLING_SKEW_MS = 5_000;

export interface CloudClockOptions {
  /** The gateway's own wall clock, in ms since 1970. */
  readonly now: () => number;
  /** Milliseconds that only go up, also while the machine sleeps. Default bootMs. */
  readonly monotonic?: () => number;
  /** Told when the clocks differ by 5 s or more, again at each change by as much, and with 0 when they agree again. */
  readonly onSkew?: (skewMs: number) => void;
}

/**
 * The cloud's clock, estimated from the `Date` header of its replies. Gateways often run without NTP; an operation's
 * age has to be judged by the clock that stamped it. Between two replies it goes by the monotonic clock, so a step of
 * the gateway's wall clock ages nothing.
 */
export class CloudClock {
  readonly #options: CloudClockOptions;
  readonly #monotonic: () => number;
  /** What the cloud's clock showed at a moment of ours. */
  #anchor: { readonly cloudMs: number; readonly atMs: number } | undefined;
  #toldSkewMs = 0;

  constructor(options: CloudClockOptions) {
    this.#options = options;
    this.#monotonic = options.monotonic ?? bootMs;
  }

  /** Now by the cloud's clock, in ms since 1970; by the gateway's own as long as no reply has told. */
  now(): number {
    if (this.#anchor === undefined) return this.#options.now();
    return this.#anchor.cloudMs + this.#monotonic() - this.#anchor.atMs;
  }

  /** How far the gateway's own clock is ahead of the cloud's, in ms; undefined as long as no reply has told. */
  get skewMs(): number | undefined {
    return this.#anchor === undefined ? undefined : Math.round(this.#options.now() - this.now());
  }

  /** What `observe` wants to have noted when a request is sent. */
  stamp(): number {
    return this.#monotonic();
  }

  /** Takes the `Date` header of a reply whose request was sent at `sentAt` (a stamp) and whose head has just arrived. */
  observe(date: string | undefined, sentAt: number): void {
    const dateMs = date === undefined ? NaN : Date.parse(date);
    const atMs = this.#monotonic();
    const roundTripMs = atMs - sentAt;
    if (Number.isNaN(dateMs) || roundTripMs > MAX_ROUND_TRIP_MS) return;
    // The header has whole seconds: on average it is half a second old when it is written.
    const measuredMs = dateMs + 500 + roundTripMs / 2;
    const wallMs = this.#options.now();
    // What we have is finer than the header as long as both agree.
    if (this.#anchor === undefined || Math.abs(measuredMs - this.now()) >= NOISE_MS) {
      const agrees = Math.abs(measuredMs - wallMs) < NOISE_MS;
      this.#anchor = { cloudMs: agrees ? wallMs : measuredMs, atMs };
    }
    this.#tell(wallMs - this.now());
  }

  #tell(skewMs: number): void {
    const isTelling = Math.abs(skewMs) >= TELLING_SKEW_MS;
    if (isTelling && Math.abs(skewMs - this.#toldSkewMs) < TELLING_SKEW_MS) return;
    if (!isTelling && this.#toldSkewMs === 0) return;
    this.#toldSkewMs = isTelling ? skewMs : 0;
    this.#options.onSkew?.(Math.round(this.#toldSkewMs));
  }
}
