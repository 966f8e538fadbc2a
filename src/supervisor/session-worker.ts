import type {
  SessionSummary,
  SessionTask,
  WorkerCommand,
  WorkerReport,
  WorkerSettings,
} from '../../contract/messages.js';

/** One worker as the pool sees it: a thread, or a process of its own. It starts when it is made. */
export interface SessionWorker {
  /** Process id where the worker is a process of its own. */
  readonly pid: number | undefined;
  /** Heartbeats so far; one more every HEARTBEAT_MS while its event loop turns. */
  readonly beats: number;
  /** Runs one session; for a worker that is up. Rejects when the worker is gone before the session has ended. */
  run(task: SessionTask): Promise<SessionSummary>;
  /** A command; one that comes too late is lost with the worker's sessions. */
  send(command: WorkerCommand): void;
  /** Asks it to end, with whatever it still runs; resolves when it is gone. */
  end(): Promise<void>;
  /** Ends it, whatever it does; resolves when it is gone. Its sessions are lost at once. */
  kill(): Promise<void>;
}

/** What a worker tells the pool. */
export interface SessionWorkerEvents {
  /** It runs. `id` is unique among the workers of this agent. */
  onUp(id: number): void;
  onReport(report: WorkerReport): void;
  /** It is gone, and why; told once. */
  onDown(why: Error): void;
}

export type StartWorker = (settings: WorkerSettings, events: SessionWorkerEvents) => SessionWorker;
