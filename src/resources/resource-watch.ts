import type { SessionWeight } from '../../contract/messages.js';
import { ResourceReader, type ReaderParts } from './resource-reader.js';
import {
  descriptorGap,
  DESCRIPTORS_PER_SESSION,
  SHED_MEMORY_SHARE,
  share,
  shortage,
  type Resource,
  type Sample,
  type Usage,
} from './sample.js';
import { toShed } from './shedding.js';

/** How often the resources are looked at, in ms. */
const SAMPLE_MS = 1_000;

/** From here on the workers are asked who holds most, so that it is known when sessions have to end. */
const WEIGH_MEMORY_SHARE = 0.9;

/** At most one line about a shortage in this time, in ms: it may come and go. */
const QUIET_MS = 10_000;

export interface WatchParts extends Omit<ReaderParts, 'onUnreadable'> {
  readonly log: WatchLog;
  /** limits.sessions. */
  readonly maxSessions: () => number;
  /** Asks every worker for its heaviest sessions; onWeights() gets the answers. */
  readonly weigh: () => void;
  /** Ends a session whose memory is needed. */
  readonly shed: (sessionId: string, detail: string) => void;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

export interface WatchLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * Watches memory, descriptors, kernel memory and ports, and acts before the system does: first new operations are
 * refused, then sessions that hold much are ended.
 */
export class ResourceWatch {
  readonly #parts: WatchParts;
  readonly #reader: ResourceReader;
  #sample: Sample = {};
  #sessionsAtSample = 0;
  /** Descriptors of an agent without a session. */
  #idleDescriptors = 0;
  #weights: SessionWeight[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #loggedAtMs = -Infinity;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    const onUnreadable = (resource: Resource): void =>
      parts.log.info({ resource }, 'this resource cannot be watched here');
    this.#reader = new ResourceReader({ ...parts, onUnreadable });
  }

  /** Takes the first sample, before there is any session, and goes on until it is stopped. */
  async start(): Promise<void> {
    this.#sample = await this.#reader.read();
    this.#idleDescriptors = this.#sample.descriptors?.used ?? 0;
    this.#warnOfDescriptors();
    this.#next();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** What is in use, with what the sessions since the last look take. */
  get sample(): Sample {
    const { descriptors, ports } = this.#sample;
    return {
      ...this.#sample,
      ...(descriptors === undefined ? {} : { descriptors: this.#expected(descriptors) }),
      ...(ports === undefined ? {} : { ports: { ...ports, used: this.#parts.sessions() } }),
    };
  }

  /** Why no new operation can be taken on; undefined when there is enough of everything. */
  shortage(): string | undefined {
    return shortage(this.sample);
  }

  /** What a worker answers when it is asked who holds most. */
  onWeights(weights: readonly SessionWeight[]): void {
    this.#weights.push(...weights);
  }

  /** Once, before anybody finds out by a refused session. */
  #warnOfDescriptors(): void {
    const { log, maxSessions, pids } = this.#parts;
    const limit = this.#sample.descriptors?.limit ?? Infinity;
    const gap = descriptorGap(limit, maxSessions(), pids().length);
    if (gap === undefined) return;
    const text = 'too few file descriptors for limits.sessions: raise LimitNOFILE= of the unit, or ulimit -n';
    log.warn({ limit, sessions: maxSessions(), ...gap }, text);
  }

  /** Thousands of sessions may wait for their turn to dial: they have no socket yet, and will. */
  #expected({ used, limit }: Usage): Usage {
    const perProcess = (sessions: number): number =>
      DESCRIPTORS_PER_SESSION * Math.ceil(sessions / Math.max(1, this.#parts.pids().length));
    const sessions = this.#parts.sessions();
    const grown = used + perProcess(Math.max(0, sessions - this.#sessionsAtSample));
    return { used: Math.max(grown, this.#idleDescriptors + perProcess(sessions)), limit };
  }

  #next(): void {
    if (this.#isStopped) return;
    // Not an interval: a sample that takes its time must not be joined by the next one.
    this.#timer = setTimeout(() => void this.#look().finally(() => this.#next()), SAMPLE_MS).unref();
  }

  async #look(): Promise<void> {
    const sample = await this.#reader.read();
    if (this.#isStopped) return;
    this.#sample = sample;
    this.#sessionsAtSample = this.#parts.sessions();
    this.#logShortage();
    const { memory } = sample;
    const weights = this.#weights;
    this.#weights = [];
    if (memory === undefined || share(memory) < WEIGH_MEMORY_SHARE) return;
    if (share(memory) >= SHED_MEMORY_SHARE) this.#shed(memory, weights);
    this.#parts.weigh();
  }

  #shed(memory: Usage, weights: readonly SessionWeight[]): void {
    const { log, shed } = this.#parts;
    for (const { sessionId, heldBytes } of toShed(memory, weights)) {
      log.warn({ sessionId, heldBytes, memory }, 'memory is short: a session that holds much is ended');
      shed(sessionId, `memory is short, and it held ${heldBytes} bytes`);
    }
  }

  #logShortage(): void {
    const { now, log } = this.#parts;
    const short = this.shortage();
    if (short === undefined || now() - this.#loggedAtMs < QUIET_MS) return;
    this.#loggedAtMs = now();
    log.error({ short }, 'the gateway is short of a resource and takes no new sessions');
  }
}
