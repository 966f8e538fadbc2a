import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { assertLoopback } from '../loopback.js';
import { AgentLog, type AgentWarning } from './agent-log.js';
import type { ControlPlaneFacts } from './control-plane.js';

const MAIN = fileURLToPath(new URL('../../../src/main.js', import.meta.url));
const ORPHAN_GUARD = new URL('orphan-guard.js', import.meta.url).href;

/** Longest wait for the agent to be able to take operations, in ms, and how often it is asked. */
const READY_MS = 30_000;
const READY_STEP_MS = 50;

/** Longest wait for it to end its sessions and exit, in ms; it promises 10 s. */
const EXIT_MS = 15_000;

export interface AgentOptions {
  readonly controlPlane: ControlPlaneFacts;
  /** Base URL of the tunnel server. */
  readonly remoteAccessUrl: string;
  /** PEM of the roots that signed the certificates of both; undefined without TLS. */
  readonly ca: string | undefined;
  readonly targetPorts: readonly number[];
  /** Sessions that the agent must take at a time. */
  readonly sessions: number;
  /** undefined = its own default. */
  readonly workers: number | undefined;
  readonly onLost: (sentence: string) => void;
}

/** The agent as it is installed, `gatehouse run`, in a process of its own with a configuration of its own. */
export class Agent {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #log = new AgentLog();
  #isStopping = false;
  #hasExited = false;
  #adminUrl = '';
  #pid = 0;

  private constructor(options: AgentOptions) {
    this.#folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-load-'));
    const file = path.join(this.#folder, 'gatehouse.yaml');
    writeFileSync(file, stringify(configuration(options, this.#folder)), { mode: 0o600 });
    this.#process = fork(MAIN, ['run', '--config', file], {
      cwd: this.#folder,
      // Proxies and settings of whoever runs the generator must not matter.
      env: { PATH: process.env.PATH },
      execArgv: ['--import', ORPHAN_GUARD],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => this.#log.take(text));
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => this.#log.takeError(text));
    this.#process.on('error', (error) => this.#onEnd(error.message, options));
    this.#process.on('exit', (code, signal) => this.#onEnd(signal ?? `exit code ${code ?? 0}`, options));
  }

  /** Resolves when the agent can take operations. @throws Error with the end of its log. */
  static async start(options: AgentOptions): Promise<Agent> {
    assertLoopback(options.controlPlane.url);
    assertLoopback(options.remoteAccessUrl);
    const agent = new Agent(options);
    try {
      await agent.#ready();
      return agent;
    } catch (error) {
      await agent.stop();
      throw error;
    }
  }

  /** The process that carries the sessions; the one that was started only watches over it. */
  get pid(): number {
    return this.#pid;
  }

  /** `http://127.0.0.1:port` of the admin listener. */
  get adminUrl(): string {
    return this.#adminUrl;
  }

  /** What it complained about so far. */
  warnings(): AgentWarning[] {
    return this.#log.warnings();
  }

  /** Resolves when it has exited. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (!this.#hasExited) {
      const gone = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      const late = setTimeout(() => this.#process.kill('SIGKILL'), EXIT_MS);
      await gone;
      clearTimeout(late);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    const deadlineMs = performance.now() + READY_MS;
    while (performance.now() < deadlineMs && !this.#hasExited) {
      const port = this.#log.adminPort;
      if (port !== undefined) this.#adminUrl = assertLoopback(`http://127.0.0.1:${port}`);
      if (port !== undefined && (await isOk(`${this.#adminUrl}/readyz`))) {
        this.#pid = ((await (await fetch(`${this.#adminUrl}/api/status`)).json()) as { pid: number }).pid;
        return;
      }
      await pause(READY_STEP_MS);
    }
    throw new Error(`The agent did not get ready within ${READY_MS / 1_000} s:\n${this.#log.tail}`);
  }

  #onEnd(how: string, { onLost }: AgentOptions): void {
    this.#hasExited = true;
    if (!this.#isStopping) onLost(`The agent ended (${how}):\n${this.#log.tail}`);
  }
}

function configuration(
  { controlPlane, remoteAccessUrl, ca, targetPorts, sessions, workers }: AgentOptions,
  folder: string,
): unknown {
  const caFile = path.join(folder, 'ca.pem');
  if (ca !== undefined) writeFileSync(caFile, ca);
  const { url, tenant, user, password, externalId } = controlPlane;
  return {
    cloud: { url, tenant, user, password, remoteAccessUrl, ...(ca === undefined ? {} : { caFile }) },
    device: { externalId },
    conduits: [{ name: 'load', host: '127.0.0.1', ports: [...targetPorts] }],
    limits: { sessions, sessionsPerTarget: sessions },
    ...(workers === undefined ? {} : { workers: { count: workers } }),
    admin: { listen: '127.0.0.1:0' },
    log: { level: 'info', format: 'json' },
  };
}

async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
