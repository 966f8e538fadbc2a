import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import {
  isWorkerHello,
  type SessionSummary,
  type SessionTask,
  type WorkerCommand,
  type WorkerReport,
  type WorkerSettings,
} from '../../contract/messages.js';

/** What the pool tells its owner. Workers are known by their thread id. */
export interface PoolEvents {
  onWorkerUp(worker: number): void;
  /** The thread is gone; its sessions' run() promises reject on their own. */
  onWorkerDown(worker: number): void;
  onReport(worker: number, report: WorkerReport): void;
  /** No worker is left, because they fail while they start: piscina does not try again then. */
  onFatal(error: Error): void;
}

export interface PoolOptions {
  readonly workers: number;
  readonly settings: WorkerSettings;
  readonly events: PoolEvents;
}

/** Longest wait for threads that are starting when the pool ends, and how often they are looked at, in ms. */
const MAX_START_MS = 900;
const START_STEP_MS = 20;

/**
 * JavaScript heap of one worker, in MiB; buffers are not in it. An open session holds 10 KiB, so this is room for tens of
 * thousands. A low limit also makes V8 collect earlier what setting up a session leaves behind: with these an idle
 * session costs 16 KiB, with the defaults 30. Small young generations cost the same time as large ones here.
 */
const HEAP_LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 12 };

/** Relative to this file in the source as in the build. */
const WORKER_FILE = fileURLToPath(new URL('../../workers/session-worker.js', import.meta.url));

/**
 * The worker threads, by piscina: one task is one session, so when a thread dies exactly its sessions' promises
 * reject, and piscina starts another thread.
 */
export class SessionPool {
  readonly #piscina: Piscina<SessionTask, SessionSummary>;
  readonly #ports = new Map<number, MessagePort>();
  readonly #events: PoolEvents;

  constructor({ workers, settings, events }: PoolOptions) {
    this.#events = events;
    this.#piscina = new Piscina({
      filename: WORKER_FILE,
      minThreads: workers,
      maxThreads: workers,
      // The supervisor's limits bound the sessions, also after a reload; here nothing may wait in a queue.
      concurrentTasksPerWorker: Number.MAX_SAFE_INTEGER,
      // The default parks an idle worker's event loop in Atomics.wait; its sockets then get no service.
      atomics: 'disabled',
      idleTimeout: Infinity,
      recordTiming: false,
      resourceLimits: HEAP_LIMITS,
      workerData: settings,
    });
    this.#piscina.on('message', (message: unknown) => {
      if (isWorkerHello(message)) this.#onHello(message.threadId, message.port);
    });
    // An idle worker that dies is replaced and known by its closed port; only the loss of all of them ends the agent.
    this.#piscina.on('error', (error: Error) => {
      if (this.#piscina.threads.length === 0) this.#events.onFatal(error);
    });
  }

  /** Thread ids of the workers that are up. */
  get workers(): readonly number[] {
    return [...this.#ports.keys()];
  }

  /** Runs one session on the least busy worker. Rejects when its thread dies under it. */
  run(task: SessionTask): Promise<SessionSummary> {
    return this.#piscina.run(task);
  }

  /** A command for one worker; one that is gone took its sessions with it. */
  send(worker: number, command: WorkerCommand): void {
    this.#ports.get(worker)?.postMessage(command);
  }

  /** Ends the threads, and with them whatever still runs. */
  async destroy(): Promise<void> {
    await this.#startsDone();
    for (const port of this.#ports.values()) port.close();
    await this.#piscina.destroy();
  }

  /** A thread that is ended while it loads a native addon aborts the whole process, so those that start may finish. */
  async #startsDone(): Promise<void> {
    for (let waitedMs = 0; waitedMs < MAX_START_MS && this.#isStarting(); waitedMs += START_STEP_MS) {
      await pause(START_STEP_MS);
    }
  }

  #isStarting(): boolean {
    return this.#piscina.threads.some(({ threadId }) => !this.#ports.has(threadId));
  }

  #onHello(worker: number, port: MessagePort): void {
    this.#ports.set(worker, port);
    port.on('message', (report: WorkerReport) => this.#events.onReport(worker, report));
    port.on('close', () => {
      this.#ports.delete(worker);
      this.#events.onWorkerDown(worker);
    });
    this.#events.onWorkerUp(worker);
  }
}
