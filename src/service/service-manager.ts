import { spawn } from 'node:child_process';

/** Longest time for one message, in ms: the manager of a busy machine answers late, and messages are sent in turn. */
const SEND_LIMIT_MS = 5_000;

/** Messages that wait for the one before. There are few; beyond it the oldest is worth least. */
const MAX_WAITING = 8;

/**
 * What systemd wants to know of a service with `Type=notify` (sd_notify(3)). Node cannot write to its datagram socket,
 * so `systemd-notify`, which comes with systemd, is run for each message; `NotifyAccess=all` lets the manager take it.
 */
export class ServiceManager {
  /** How often a sign of life is due, in ms; undefined when the unit has no `WatchdogSec`. */
  readonly watchdogMs: number | undefined;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #onFailure: (why: string) => void;
  readonly #waiting: (readonly string[])[] = [];
  #isSending = false;
  #hasFailed = false;

  private constructor(environment: NodeJS.ProcessEnv, onFailure: (why: string) => void) {
    this.#environment = environment;
    this.#onFailure = onFailure;
    this.watchdogMs = watchdogOf(environment);
  }

  /**
   * The manager that started this process, or undefined when there is none. What it said in the environment is taken
   * out of it: other processes that are started from here are not the service.
   *
   * @param onFailure told once, when a message could not be sent.
   */
  static find(env: NodeJS.ProcessEnv, onFailure: (why: string) => void): ServiceManager | undefined {
    if (env.NOTIFY_SOCKET === undefined || env.NOTIFY_SOCKET === '') return undefined;
    const manager = new ServiceManager({ ...env }, onFailure);
    delete env.NOTIFY_SOCKET;
    delete env.WATCHDOG_USEC;
    delete env.WATCHDOG_PID;
    return manager;
  }

  /** The service works: start, reload and what depends on them may go on. */
  ready(): void {
    this.#send(['READY=1']);
  }

  /** It ends by itself; the manager need not wonder. */
  stopping(): void {
    this.#send(['STOPPING=1', 'STATUS=ending sessions']);
  }

  /** A sign of life, with a line that `systemctl status` shows. */
  alive(status: string): void {
    this.#send(['WATCHDOG=1', `STATUS=${status}`]);
  }

  #send(message: readonly string[]): void {
    this.#waiting.push(message);
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
    if (!this.#isSending) this.#next();
  }

  #next(): void {
    const message = this.#waiting.shift();
    this.#isSending = message !== undefined;
    if (message === undefined) return;
    const child = spawn('systemd-notify', [...message], {
      env: this.#environment,
      stdio: 'ignore',
      timeout: SEND_LIMIT_MS,
    });
    let isOver = false;
    const over = (why: string | undefined): void => {
      if (isOver) return;
      isOver = true;
      if (why !== undefined) this.#fail(why);
      this.#next();
    };
    child.once('error', (error) => over(error.message));
    child.once('exit', (code, signal) =>
      over(code === 0 ? undefined : `it ended with ${code ?? signal ?? '?'}`),
    );
    // A message on its way is no reason to stay alive.
    child.unref();
  }

  #fail(why: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#onFailure(why);
  }
}

/** A third of what the unit allows, so that one late sign of life costs nothing; undefined when none is wanted of us. */
function watchdogOf({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number | undefined {
  const microseconds = Number(WATCHDOG_USEC ?? 0);
  const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
  if (!isOurs || !Number.isFinite(microseconds) || microseconds <= 0) return undefined;
  return microseconds / 1_000 / 3;
}
