import { readFileSync } from 'node:fs';
import { BACKOFF_RESET_MS } from '../../contract/limits.js';
import type { AgentProcess } from '../helpers/agent-process.js';
import { descendants } from '../helpers/traces.js';

/** What goes wrong around the sessions, and whether it may end some of them. */
export const DISTURBANCES = {
  /** The control connection is cut. */
  'control-cut': { endsSessions: false },
  /** The cloud answers 503 to some requests of the control connection. */
  'control-errors': { endsSessions: false },
  /** The cloud forgets the agent's real-time session. */
  'control-forgotten': { endsSessions: false },
  /** SIGHUP: the configuration is read again; where generations are, a new one takes over. */
  reload: { endsSessions: false },
  /** The cloud resets one tunnel of the agent. */
  'tunnel-reset': { endsSessions: true },
  /** A worker process is killed (SIGKILL), with the sessions that it has. */
  'worker-kill': { endsSessions: true },
} as const;

export type Disturbance = keyof typeof DISTURBANCES;

/** Pause between two, in ms. */
const MIN_PAUSE_MS = 2_000;
const MAX_PAUSE_MS = 8_000;

/** A worker that is killed takes its sessions with it: rarely, or nothing else would be seen. */
const WORKER_KILL_PAUSE_MS = 30_000;

/**
 * Pause between two faults of the control connection, in ms: after a minute that was quiet its back-off begins anew, and
 * an operation is heard well within the 30 s that the operator's side waits.
 */
const CONTROL_PAUSE_MS = BACKOFF_RESET_MS + 15_000;

/** How long after a disturbance sessions may still end of it, in ms: statuses and closes take their time. */
const EFFECT_MS = 15_000;

/** Makes trouble from time to time until stopped, and remembers when. */
export class Disturber {
  readonly counts: Record<Disturbance, number> = {
    'control-cut': 0,
    'control-errors': 0,
    'control-forgotten': 0,
    reload: 0,
    'tunnel-reset': 0,
    'worker-kill': 0,
  };
  /** When something happened that may end sessions, in ms of `now`; old ones are forgotten. */
  #harmfulMs: number[] = [];
  #lastControlMs = -Infinity;
  #lastKillMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly agent: AgentProcess,
    private readonly random: () => number,
    private readonly now: () => number,
  ) {}

  start(): void {
    const pause = MIN_PAUSE_MS + this.random() * (MAX_PAUSE_MS - MIN_PAUSE_MS);
    this.#timer = setTimeout(() => {
      this.#disturb();
      this.start();
    }, pause);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.agent.cloud.faults.clear();
  }

  /** Whether a session that lived from then to now may have been ended by a disturbance. */
  mayHaveEnded(sinceMs: number): boolean {
    return this.#harmfulMs.some((atMs) => atMs >= sinceMs - EFFECT_MS);
  }

  #disturb(): void {
    const kinds = Object.keys(DISTURBANCES) as Disturbance[];
    const kind = kinds[Math.floor(this.random() * kinds.length)] ?? 'control-cut';
    const now = this.now();
    const isControl = kind.startsWith('control-');
    if (isControl && now - this.#lastControlMs < CONTROL_PAUSE_MS) return;
    if (!this.#do(kind)) return;
    this.counts[kind] += 1;
    if (isControl) this.#lastControlMs = now;
    if (DISTURBANCES[kind].endsSessions) this.#harmfulMs.push(now);
    // Longer than any session lives.
    this.#harmfulMs = this.#harmfulMs.filter((atMs) => atMs > now - 600_000);
  }

  /** False when it cannot be done at the moment. */
  #do(kind: Disturbance): boolean {
    const { cloud, command } = this.agent;
    switch (kind) {
      case 'control-cut':
        cloud.cutLongPolls();
        return true;
      case 'control-errors':
        cloud.faults.set({ requests: [{ path: '/notification/*', status: 503, times: 2 }] });
        cloud.cutLongPolls();
        return true;
      case 'control-forgotten':
        cloud.forgetRealtimeSessions();
        cloud.cutLongPolls();
        return true;
      case 'reload':
        command.kill('SIGHUP');
        return true;
      case 'tunnel-reset':
        cloud.faults.set({ tunnels: [{ side: 'device', action: 'reset', times: 1 }] });
        return true;
      case 'worker-kill':
        return this.#killWorker();
    }
  }

  #killWorker(): boolean {
    const now = this.now();
    if (now - this.#lastKillMs < WORKER_KILL_PAUSE_MS) return false;
    const workers = descendants(this.agent.command.pid).filter(isWorker);
    const worker = workers[Math.floor(this.random() * workers.length)];
    if (worker === undefined) return false;
    this.#lastKillMs = now;
    process.kill(worker, 'SIGKILL');
    return true;
  }
}

function isWorker(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('session-process');
  } catch {
    return false;
  }
}
