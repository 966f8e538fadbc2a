import { fairTimer } from '../fair-timer.js';

/** Time between two pings, in ms. */
const PING_MS = 250;

/**
 * Longest wait for the answer to one, in ms; together with the time between pings and with the cut of sessions it stays
 * below the second that the hard switch has. The broker of a plant answers in a few.
 */
export const PULSE_MS = 500;

export interface PulseOptions {
  /** Pings; resolves with the answer, and may never do so. */
  readonly ping: () => Promise<void>;
  /** An answer did not come in time; called once, then the pulse is stopped. */
  readonly onSilent: () => void;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

/**
 * Whether a broker still works, told within a second: MQTT's own keep-alive counts in whole seconds and allows for one and a
 * half of them. Begun by the constructor.
 */
export class Pulse {
  readonly #options: PulseOptions;
  readonly #timer: NodeJS.Timeout;
  #forgive: (() => void) | undefined;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#ping(), PING_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#forgive?.();
  }

  #ping(): void {
    const { ping, onSilent, now } = this.#options;
    if (this.#forgive !== undefined) return;
    const forgive = fairTimer(PULSE_MS, now, () => {
      this.stop();
      onSilent();
    });
    this.#forgive = forgive;
    void ping().then(() => {
      forgive();
      this.#forgive = undefined;
    });
  }
}
