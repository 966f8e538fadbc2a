import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type {
  FromProcess,
  SessionSummary,
  SessionTask,
  ToProcess,
  WorkerCommand,
  WorkerSettings,
} from '../../contract/messages.js';
import type { SessionWorker, SessionWorkerEvents } from './session-worker.js';
import { HEAP_LIMITS } from './thread-worker.js';

/** Relative to this file in the source as in the build. */
const WORKER_FILE = fileURLToPath(new URL('../../workers/session-process.js', import.meta.url));

/** Time a process has to end on its own, in ms; it has nothing left to do. */
const END_MS = 500;

/** V8 makes the young generation of three parts of this size, in MiB. */
const SEMI_SPACE_MB = HEAP_LIMITS.maxYoungGenerationSizeMb / 3;

/** What a worker may know of the agent's environment, which can hold credentials: nothing but this, and what is Node's. */
const INHERITED = /^(NODE_\w+|SSL_CERT_(FILE|DIR)|OPENSSL_CONF|PATH|TZ|LANG|LC_\w+|TMPDIR)$/;

interface Waiting {
  readonly resolve: (summary: SessionSummary) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A worker that is a process: a native crash of it (an addon, V8, the kernel's memory killer) costs its own sessions and
 * no others. Everything it is told goes over its IPC channel, so no credential is in its arguments or environment.
 */
export class ProcessWorker implements SessionWorker {
  readonly #child: ChildProcess;
  readonly #events: SessionWorkerEvents;
  readonly #sessions = new Map<string, Waiting>();
  readonly #gone: Promise<void>;
  #beats = 0;
  #isGone = false;

  /** @param id given to the pool when the process is up. */
  constructor(
    readonly id: number,
    settings: WorkerSettings,
    events: SessionWorkerEvents,
  ) {
    this.#events = events;
    const child = fork(WORKER_FILE, [], {
      serialization: 'advanced',
      env: environment(),
      execArgv: [...ownFlags(), ...heapFlags()],
    });
    this.#child = child;
    child.on('message', (message) => this.#onMessage(message as FromProcess));
    // A process that cannot be started: told below.
    child.on('error', () => undefined);
    const ended = once(child, 'exit').then(
      ([code, signal]: (number | string | null)[]) => signal ?? `exit code ${code ?? '?'}`,
    );
    // What it has sent before its end is read before the channel closes.
    const closed = once(child, 'disconnect');
    this.#gone = Promise.all([ended, closed]).then(
      ([how]) => this.#onGone(new Error(`the process ended with ${how}`)),
      (error: unknown) => this.#onGone(error instanceof Error ? error : new Error(String(error))),
    );
    this.#tell({ kind: 'settings', settings });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get beats(): number {
    return this.#beats;
  }

  run(task: SessionTask): Promise<SessionSummary> {
    return new Promise((resolve, reject) => {
      this.#sessions.set(task.sessionId, { resolve, reject });
      this.#tell({ kind: 'task', task });
    });
  }

  send(command: WorkerCommand): void {
    this.#tell({ kind: 'command', command });
  }

  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_MS);
    await this.#gone;
    clearTimeout(timer);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    this.#loseSessions(new Error('the process was ended'));
    await this.#gone;
  }

  #onMessage(message: FromProcess): void {
    switch (message.kind) {
      case 'up':
        return this.#events.onUp(this.id);
      case 'beat':
        this.#beats += 1;
        return;
      case 'report':
        return this.#events.onReport(message.report);
      case 'summary':
        return this.#take(message.summary.sessionId)?.resolve(message.summary);
      case 'broken':
        return this.#take(message.sessionId)?.reject(new Error('the session ended by an exception'));
    }
  }

  #take(sessionId: string): Waiting | undefined {
    const waiting = this.#sessions.get(sessionId);
    this.#sessions.delete(sessionId);
    return waiting;
  }

  #tell(message: ToProcess): void {
    // The end of the process tells what a write to it that fails would tell.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #onGone(why: Error): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#child.kill('SIGKILL');
    this.#loseSessions(why);
    this.#events.onDown(why);
  }

  #loseSessions(why: Error): void {
    for (const { reject } of this.#sessions.values()) reject(why);
    this.#sessions.clear();
  }
}

function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => INHERITED.test(name)));
}

/** The agent's own flags of Node, but for those that would have two processes listen on one port. */
function ownFlags(): string[] {
  return process.execArgv.filter((flag) => !flag.startsWith('--inspect'));
}

function heapFlags(): string[] {
  return [
    `--max-old-space-size=${HEAP_LIMITS.maxOldGenerationSizeMb}`,
    `--max-semi-space-size=${SEMI_SPACE_MB}`,
  ];
}
