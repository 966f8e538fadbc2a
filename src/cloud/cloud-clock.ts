/** Replies slower than this say little about the cloud's clock, in ms. */
const MAX_ROUND_TRIP_MS = 5_000;

/** Differences below this are the `Date` header's whole seconds and the way of the reply, in ms. */
const NOISE_MS = 2_000;

/**
 * The cloud's clock, estimated from the `Date` header of its replies. Gateways often run without NTP; an operation's
 * age has to be judged by the clock that stamped it.
 */
export class CloudClock {
  readonly #now: () => number;
  #offsetMs = 0;

  /** `now` gives the gateway's own wall clock, in ms since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Wall clock of the gateway plus this is the cloud's, in ms; 0 while unknown or within the noise. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Now by the cloud's clock, in ms since 1970. */
  now(): number {
    return this.#now() + this.#offsetMs;
  }

  /** Takes the `Date` header of a reply whose request was sent at `sentAtMs` and whose head has arrived just now. */
  observe(date: string | undefined, sentAtMs: number): void {
    const cloudMs = date === undefined ? NaN : Date.parse(date);
    const nowMs = this.#now();
    const roundTripMs = nowMs - sentAtMs;
    if (Number.isNaN(cloudMs) || roundTripMs < 0 || roundTripMs > MAX_ROUND_TRIP_MS) return;
    // The header has whole seconds: on average it is half a second old when it is written.
    const offsetMs = Math.round(cloudMs + 500 - (sentAtMs + roundTripMs / 2));
    this.#offsetMs = Math.abs(offsetMs) < NOISE_MS ? 0 : offsetMs;
  }
}
