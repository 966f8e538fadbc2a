import { fileURLToPath } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import {
  isWorkerHello,
  type SessionSummary,
  type SessionTask,
  type ThreadSettings,
  type WorkerCommand,
  type WorkerReport,
  type WorkerSettings,
} from '../../contract/messages.js';
import type { SessionWorker, SessionWorkerEvents } from './session-worker.js';

/**
 * JavaScript heap of one worker, in MiB; buffers are not in it. An open session holds 10 KiB, so this is room for tens of
 * thousands. A low limit also makes V8 collect earlier what setting up a session leaves behind: with these an idle
 * session costs 16 KiB, with the defaults 30. Small young generations cost the same time as large ones here.
 */
export const HEAP_LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 12 };

/** Relative to this file in the source as in the build. */
const WORKER_FILE = fileURLToPath(new URL('../../workers/session-worker.js', import.meta.url));

/**
 * A worker that is a thread, by a piscina of one: one task is one session, so when the thread dies exactly its
 * sessions' promises reject. A piscina replaces a thread that died at once, for ever; whether and when there is another
 * one is for the pool to say, so a piscina ends here with its thread.
 */
export class ThreadWorker implements SessionWorker {
  readonly pid = undefined;
  readonly #piscina: Piscina<SessionTask, SessionSummary>;
  readonly #events: SessionWorkerEvents;
  readonly #heartbeat = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #port: MessagePort | undefined;
  #isGone = false;

  constructor(settings: WorkerSettings, events: SessionWorkerEvents) {
    this.#events = events;
    const workerData: ThreadSettings = { ...settings, heartbeat: this.#heartbeat.buffer };
    this.#piscina = new Piscina({
      filename: WORKER_FILE,
      minThreads: 1,
      maxThreads: 1,
      // The supervisor's limits bound the sessions, also after a reload; here nothing may wait in a queue.
      concurrentTasksPerWorker: Number.MAX_SAFE_INTEGER,
      // The default parks an idle worker's event loop in Atomics.wait; its sockets then get no service.
      atomics: 'disabled',
      idleTimeout: Infinity,
      recordTiming: false,
      resourceLimits: HEAP_LIMITS,
      workerData,
    });
    this.#piscina.on('message', (message: unknown) => {
      if (isWorkerHello(message)) this.#onHello(message.threadId, message.port);
    });
    // Told by the thread itself, below.
    this.#piscina.on('error', () => undefined);
    const [thread] = this.#piscina.threads;
    // Ahead of piscina's own listeners, which start another thread.
    thread?.prependOnceListener('error', (error: Error) => this.#onGone(error));
    thread?.prependOnceListener('exit', (code) => this.#onGone(new Error(`the thread ended with ${code}`)));
  }

  get beats(): number {
    return Atomics.load(this.#heartbeat, 0);
  }

  run(task: SessionTask): Promise<SessionSummary> {
    return this.#piscina.run(task);
  }

  send(command: WorkerCommand): void {
    this.#port?.postMessage(command);
  }

  end(): Promise<void> {
    return this.kill();
  }

  async kill(): Promise<void> {
    this.#port?.close();
    await this.#piscina.destroy();
  }

  #onHello(threadId: number, port: MessagePort): void {
    this.#port = port;
    port.on('message', (report: WorkerReport) => this.#events.onReport(report));
    this.#events.onUp(threadId);
  }

  #onGone(why: Error): void {
    if (this.#isGone) return;
    this.#isGone = true;
    void this.kill();
    this.#events.onDown(why);
  }
}
