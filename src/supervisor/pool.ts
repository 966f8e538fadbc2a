import { setTimeout as pause } from 'node:timers/promises';
import { performance } from 'node:perf_hooks';
import { HEARTBEAT_MS } from '../../contract/limits.js';
import type {
  SessionSummary,
  SessionTask,
  WorkerCommand,
  WorkerReport,
  WorkerSettings,
} from '../../contract/messages.js';
import { Heartbeat } from './heartbeat.js';
import { ProcessWorker } from './process-worker.js';
import { Respawn } from './respawn.js';
import type { SessionWorker, SessionWorkerEvents } from './session-worker.js';
import { StallLog, type PoolLog } from './stall-log.js';
import { ThreadWorker } from './thread-worker.js';

/** What the pool tells its owner. Workers are known by their thread id, or by their number where they are processes. */
export interface PoolEvents {
  /** @param pid of a worker that is a process of its own. */
  onWorkerUp(worker: number, pid?: number): void;
  /** The worker is gone; its sessions' run() promises reject on their own. */
  onWorkerDown(worker: number, why: Error): void;
  onReport(worker: number, report: WorkerReport): void;
  /** No worker is left, and none can be started. */
  onFatal(error: Error): void;
}

export interface PoolOptions {
  readonly workers: number;
  /** Default `thread`. */
  readonly isolation?: 'thread' | 'process';
  readonly settings: WorkerSettings;
  readonly events: PoolEvents;
  readonly log?: PoolLog;
}

/** Longest wait for workers that are starting when the pool ends, and how often they are looked at, in ms. */
const MAX_START_MS = 900;
const START_STEP_MS = 20;

/** Longest time a session waits for a worker while there is none, in ms: starting one takes well below a second. */
const NO_WORKER_MS = 5_000;

/** Starts that fail in a row, with no worker left, before the agent gives up. */
const MAX_FAILED_STARTS = 5;

interface Member {
  worker: SessionWorker | undefined;
  /** 0 while it is starting. */
  id: number;
  sessions: number;
  readonly heartbeat: Heartbeat;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * The workers: each session runs on the least busy one. A worker that dies, or whose event loop stands still, takes
 * exactly its own sessions along and is replaced, at once or later (see Respawn); the others go on meanwhile.
 */
export class SessionPool {
  readonly #options: PoolOptions;
  readonly #members = new Set<Member>();
  readonly #respawn = new Respawn();
  readonly #stalls: StallLog;
  readonly #waiting = new Set<Waiting>();
  readonly #replacements = new Set<NodeJS.Timeout>();
  readonly #watch: NodeJS.Timeout;
  #lookedAtMs = performance.now();
  #started = 0;
  #failedStarts = 0;
  #wasUp = false;
  #isEnding = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#stalls = new StallLog(options.log);
    this.#watch = setInterval(() => this.#lookAtHearts(), HEARTBEAT_MS).unref();
    for (let worker = 0; worker < options.workers; worker += 1) this.#start();
  }

  /** The workers that are up. */
  get workers(): readonly number[] {
    return [...this.#members].filter(({ id }) => id !== 0).map(({ id }) => id);
  }

  /** Process ids of the workers that are processes. */
  get pids(): readonly number[] {
    return [...this.#members].map(({ worker }) => worker?.pid).filter((pid) => pid !== undefined);
  }

  /** Runs one session on the least busy worker. Rejects when that dies under it, or when none is up for NO_WORKER_MS. */
  async run(task: SessionTask): Promise<SessionSummary> {
    let member = this.#leastBusy();
    while (member === undefined) {
      await this.#nextUp();
      member = this.#leastBusy();
    }
    member.sessions += 1;
    try {
      return await member.worker.run(task);
    } finally {
      member.sessions -= 1;
    }
  }

  /** A command for one worker; one that is gone took its sessions with it. */
  send(worker: number, command: WorkerCommand): void {
    for (const member of this.#members) if (member.id === worker) member.worker?.send(command);
  }

  /** Ends the workers, and with them whatever still runs. */
  async destroy(): Promise<void> {
    this.#isEnding = true;
    clearInterval(this.#watch);
    for (const timer of this.#replacements) clearTimeout(timer);
    this.#rejectWaiting(new Error('the gateway stops'));
    await this.#startsDone();
    await Promise.all([...this.#members].map(async ({ worker }) => worker?.end()));
  }

  /** A thread that is ended while it loads a native addon aborts the whole process, so those that start may finish. */
  async #startsDone(): Promise<void> {
    const isStarting = (): boolean => [...this.#members].some(({ id }) => id === 0);
    for (let waitedMs = 0; waitedMs < MAX_START_MS && isStarting(); waitedMs += START_STEP_MS) {
      await pause(START_STEP_MS);
    }
  }

  #start(): void {
    const member: Member = { worker: undefined, id: 0, sessions: 0, heartbeat: new Heartbeat() };
    this.#members.add(member);
    this.#started += 1;
    try {
      member.worker = this.#make({
        onUp: (id) => this.#onUp(member, id),
        onReport: (report) => this.#options.events.onReport(member.id, report),
        onDown: (why) => this.#onDown(member, why),
      });
    } catch (error) {
      // No thread or process is to be had: told like one that died at once, and not from within the constructor.
      const why = error instanceof Error ? error : new Error(String(error));
      setImmediate(() => this.#onDown(member, why));
    }
  }

  #make(events: SessionWorkerEvents): SessionWorker {
    const { isolation, settings } = this.#options;
    if (isolation === 'process') return new ProcessWorker(this.#started, settings, events);
    return new ThreadWorker(settings, events);
  }

  #onUp(member: Member, id: number): void {
    const isFirst = !this.#wasUp;
    member.id = id;
    this.#wasUp = true;
    this.#failedStarts = 0;
    this.#options.events.onWorkerUp(id, member.worker?.pid);
    for (const { resolve } of this.#waiting) resolve();
    // Those that failed before it was known whether any worker can be started at all.
    if (isFirst)
      for (let count = this.#members.size; count < this.#options.workers; count += 1) this.#start();
  }

  #onDown(member: Member, why: Error): void {
    // One that was ended from here is not told twice.
    if (!this.#members.delete(member)) return;
    if (member.id === 0) this.#failedStarts += 1;
    else this.#options.events.onWorkerDown(member.id, why);
    if (this.#isEnding) return;
    const isHopeless = this.#wasUp ? this.#failedStarts >= MAX_FAILED_STARTS : this.#members.size === 0;
    if (isHopeless && this.workers.length === 0) return this.#giveUp(why);
    if (this.#wasUp) this.#replace(why);
  }

  #replace(why: Error): void {
    const waitMs = this.#respawn.onDeath(performance.now());
    if (waitMs === 0) return this.#start();
    const timer = setTimeout(() => {
      this.#replacements.delete(timer);
      this.#start();
    }, waitMs);
    this.#replacements.add(timer);
    const { log, workers } = this.#options;
    const fields = { err: why, waitMs, workersUp: this.workers.length, workers };
    log?.error(fields, 'workers keep dying, the next one starts later: the gateway carries less meanwhile');
  }

  #giveUp(why: Error): void {
    for (const timer of this.#replacements) clearTimeout(timer);
    this.#rejectWaiting(why);
    this.#options.events.onFatal(why);
  }

  #lookAtHearts(): void {
    const nowMs = performance.now();
    const elapsedMs = nowMs - this.#lookedAtMs;
    this.#lookedAtMs = nowMs;
    for (const member of this.#members) {
      // One that is starting loads code, and must not be ended.
      if (member.id === 0 || member.worker === undefined) continue;
      const pulse = member.heartbeat.look(member.worker.beats, elapsedMs);
      if (pulse.kind === 'resumed') this.#stalls.onStall(member.id, pulse.stalledMs, nowMs);
      if (pulse.kind === 'stopped') this.#onStopped(member, member.worker, pulse.stalledMs);
    }
  }

  /** Its sessions are lost from here on, and it gets no more, however long the thread or process takes to be gone. */
  #onStopped(member: Member, worker: SessionWorker, stalledMs: number): void {
    const forMs = Math.round(stalledMs);
    this.#options.log?.error({ worker: member.id, stalledMs: forMs }, 'worker stands still and is ended');
    void worker.kill();
    this.#onDown(member, new Error(`its event loop stood still for ${forMs} ms`));
  }

  #leastBusy(): (Member & { readonly worker: SessionWorker }) | undefined {
    let least: (Member & { readonly worker: SessionWorker }) | undefined;
    for (const member of this.#members) {
      if (member.id === 0 || !hasWorker(member)) continue;
      if (least === undefined || member.sessions < least.sessions) least = member;
    }
    return least;
  }

  /** Bounded by limits.sessions: only a session that has its place waits. */
  async #nextUp(): Promise<void> {
    if (this.#isEnding) throw new Error('the gateway stops');
    let waiting: Waiting | undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.add((waiting = { resolve, reject }));
        timer = setTimeout(() => reject(new Error('no worker is up')), NO_WORKER_MS);
      });
    } finally {
      clearTimeout(timer);
      if (waiting !== undefined) this.#waiting.delete(waiting);
    }
  }

  #rejectWaiting(why: Error): void {
    for (const { reject } of this.#waiting) reject(why);
  }
}

function hasWorker(member: Member): member is Member & { readonly worker: SessionWorker } {
  return member.worker !== undefined;
}
