import { ErrorTally, type ErrorCount } from '../measure/error-tally.js';
import { Latencies, type Distribution, type Percentiles } from '../measure/latencies.js';
import type { Profile } from '../profiles.js';
import { Random } from '../range.js';
import type { Channel } from '../traffic/channel.js';
import { CloudSession, type SessionEnd } from './cloud-session.js';

/** Opens the way of one session to the target. */
export interface Opener {
  /** Resolves with the cloud's end once the tunnel is up. @throws OpenError */
  open(number: number): Promise<Channel>;
}

/** Why a session could not be opened. */
export class OpenError extends Error {
  /** For counting: `not-opened`, or `operation-failed` with the code of the gateway. */
  readonly kind: string;

  constructor(kind: string, sentence: string) {
    super(sentence);
    this.name = 'OpenError';
    this.kind = kind;
  }
}

export interface CloudEndOptions {
  readonly opener: Opener;
  readonly profile: Profile;
  /** Sessions at a time. */
  readonly sessions: number;
  /** Sessions begun a second; 0 = all at once. */
  readonly rampPerSecond: number;
  readonly seed: number;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

/** Totals since the start, bytes with their headers. */
export interface CloudEndCounts {
  readonly openSessions: number;
  readonly openingSessions: number;
  /** Sessions that were up at some time. */
  readonly setUps: number;
  /** Sessions that ended, by plan or not. */
  readonly ended: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Bytes of exchanges that were right from end to end. */
  readonly verifiedDownlinkBytes: number;
  readonly verifiedUplinkBytes: number;
  readonly exchanges: number;
  readonly errors: number;
}

/** What is told each second. */
export interface CloudEndSample {
  readonly counts: CloudEndCounts;
  readonly latency: Percentiles | undefined;
  readonly setUp: Percentiles | undefined;
}

/** What is told at the end. */
export interface CloudEndSummary {
  readonly counts: CloudEndCounts;
  readonly latency: Distribution;
  /** From asking for a session until its first answer. */
  readonly setUp: Distribution;
  readonly errors: readonly ErrorCount[];
}

/** Sessions are begun in steps of this length, in ms, so that a ramp is even. */
const RAMP_STEP_MS = 10;

/** Longest wait at the end for sessions to open and to say farewell, in ms; bulk has some megabytes under way. */
const FAREWELL_MS = 15_000;

/** The cloud's side of every session of a run: opens them at the pace of the ramp, and counts. */
export class CloudEnd {
  readonly #options: CloudEndOptions;
  readonly #open = new Set<CloudSession>();
  /** When each session that is not up yet was asked for, by its number. */
  readonly #opening = new Map<number, number>();
  readonly #pauses = new Set<NodeJS.Timeout>();
  readonly #latency = new Latencies();
  readonly #setUp = new Latencies();
  readonly #errors = new ErrorTally();
  #begun = 0;
  #isStopping = false;
  #ramp: NodeJS.Timeout | undefined;
  #onEmpty: (() => void) | undefined;
  readonly #counts = {
    setUps: 0,
    ended: 0,
    sentBytes: 0,
    receivedBytes: 0,
    verifiedDownlinkBytes: 0,
    verifiedUplinkBytes: 0,
    exchanges: 0,
  };

  constructor(options: CloudEndOptions) {
    this.#options = options;
  }

  start(): void {
    const { sessions, rampPerSecond, now } = this.#options;
    const startedAtMs = now();
    let slots = 0;
    const step = (): void => {
      const due = rampPerSecond === 0 ? sessions : ((now() - startedAtMs) / 1_000) * rampPerSecond + 1;
      for (; slots < Math.min(due, sessions); slots += 1) void this.#begin();
      if (slots >= sessions) clearInterval(this.#ramp);
    };
    this.#ramp = setInterval(step, RAMP_STEP_MS);
    step();
  }

  sample(): CloudEndSample {
    const counts = this.#totals();
    return { counts, latency: this.#latency.takeRecent(), setUp: this.#setUp.takeRecent() };
  }

  /** Ends every session in good order, those that do not follow by force, and gives the totals. */
  async stop(): Promise<CloudEndSummary> {
    this.#isStopping = true;
    clearInterval(this.#ramp);
    for (const pause of this.#pauses) clearTimeout(pause);
    for (const session of this.#open) session.stop();
    await this.#emptied();
    for (const session of [...this.#open]) session.abort();
    this.#countUnopened();
    return {
      counts: this.#totals(),
      latency: this.#latency.distribution(),
      setUp: this.#setUp.distribution(),
      errors: this.#errors.list(),
    };
  }

  /** Resolves when no session is left, or after FAREWELL_MS. */
  #emptied(): Promise<void> {
    return new Promise((resolve) => {
      const late = setTimeout(resolve, FAREWELL_MS);
      this.#onEmpty = () => {
        clearTimeout(late);
        resolve();
      };
      this.#checkEmpty();
    });
  }

  #checkEmpty(): void {
    if (this.#open.size === 0 && this.#opening.size === 0) this.#onEmpty?.();
  }

  #countUnopened(): void {
    for (const [number, askedAtMs] of this.#opening) {
      const waitedS = ((this.#options.now() - askedAtMs) / 1_000).toFixed(1);
      this.#errors.add('not-opened', `session ${number}: no tunnel ${waitedS} s after it was asked for`);
    }
  }

  async #begin(): Promise<void> {
    const { opener, now } = this.#options;
    const number = this.#begun;
    this.#begun += 1;
    const askedAtMs = now();
    this.#opening.set(number, askedAtMs);
    try {
      this.#run(number, await opener.open(number), askedAtMs);
    } catch (error) {
      if (!(error instanceof OpenError)) throw error;
      this.#onEnd(undefined, { kind: 'failed', error: error.kind, sentence: error.message });
    } finally {
      this.#opening.delete(number);
      this.#checkEmpty();
    }
  }

  #run(number: number, channel: Channel, askedAtMs: number): void {
    const { profile, now, seed } = this.#options;
    const counts = this.#counts;
    const session: CloudSession = new CloudSession({
      number,
      channel,
      profile,
      now,
      random: new Random(seed + number),
      observer: {
        onUp: () => {
          counts.setUps += 1;
          this.#setUp.add(now() - askedAtMs);
        },
        onReceived: (bytes) => (counts.receivedBytes += bytes),
        onSent: (bytes) => (counts.sentBytes += bytes),
        onExchange: (downlinkBytes, uplinkBytes, latencyMs) => {
          counts.exchanges += 1;
          counts.verifiedDownlinkBytes += downlinkBytes;
          counts.verifiedUplinkBytes += uplinkBytes;
          if (latencyMs !== undefined) this.#latency.add(latencyMs);
        },
      },
      onEnd: (end) => this.#onEnd(session, end),
    });
    this.#open.add(session);
    // It was under way when the run ended: greeting and farewell are all that it does.
    if (this.#isStopping) session.stop();
  }

  #onEnd(session: CloudSession | undefined, end: SessionEnd): void {
    this.#counts.ended += 1;
    if (session !== undefined) this.#open.delete(session);
    if (end.kind === 'failed') this.#errors.add(end.error, end.sentence);
    if (!this.#isStopping) this.#replace();
    this.#checkEmpty();
  }

  /** Sessions that end by plan have a successor; a lost one of another profile stays lost, and is an error. */
  #replace(): void {
    const { profile, seed } = this.#options;
    if (profile.page === undefined) return;
    const pauseMs = new Random(seed ^ this.#begun).within(profile.page.pauseMs);
    const pause = setTimeout(() => {
      this.#pauses.delete(pause);
      void this.#begin();
    }, pauseMs);
    this.#pauses.add(pause);
  }

  #totals(): CloudEndCounts {
    const errors = this.#errors.total;
    return { ...this.#counts, openSessions: this.#open.size, openingSessions: this.#opening.size, errors };
  }
}
