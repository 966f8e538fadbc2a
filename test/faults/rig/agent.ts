import assert from 'node:assert/strict';
import { Command, gatehouse, type CommandEnd } from '../../helpers/command.js';
import { eventually } from '../../helpers/eventually.js';
import type { LogLine } from '../../helpers/agent-process.js';
import type { SessionView, StatusView } from '../../../src/admin/backend.js';
import { processTree } from './processes.js';

/** How the process of an agent is started. */
export interface LaunchOptions {
  /** Programs before it that become it (exec): `prlimit --nofile=64`, `taskset -c 0`, `strace -D -f …`. */
  readonly prefix?: readonly string[];
  /** Environment beside PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** Options of `gatehouse run`. */
  readonly args?: readonly string[];
}

/** `gatehouse run` as a process of its own, seen from outside: log, admin listener, signals. */
export class Agent {
  private constructor(
    readonly command: Command,
    readonly folder: string,
    /** `http://127.0.0.1:port` of the admin listener. */
    readonly adminUrl: string,
  ) {}

  /** Starts it in `folder`, which holds its gatehouse.yaml; resolves when it has said that it is started. */
  static async launch(folder: string, options: LaunchOptions = {}): Promise<Agent> {
    const command = Agent.spawn(folder, options);
    try {
      const [, port = ''] = await command.printed(/"admin":\{[^}]*"port":(\d+)\}.*gatehouse started/);
      return new Agent(command, folder, `http://127.0.0.1:${port}`);
    } catch (error) {
      await command.discard();
      throw error;
    }
  }

  /** Only starts the process: for starts that have to fail. */
  static spawn(folder: string, { prefix = [], env = {}, args = [] }: LaunchOptions = {}): Command {
    return new Command(['run', ...args], { cwd: folder, env, prefix });
  }

  get pid(): number {
    return this.command.pid;
  }

  /** Its processes, the one that was started first. */
  get pids(): number[] {
    return processTree(this.pid);
  }

  /** Waits until it can receive operations. */
  async ready(limitMs?: number): Promise<void> {
    await this.#until('/readyz', 'an agent that is ready', limitMs, (status) => status === 200);
  }

  /** Waits until it cannot. */
  async unready(limitMs?: number): Promise<void> {
    await this.#until('/readyz', 'an agent that is not ready', limitMs, (status) => status === 503);
  }

  async isReady(): Promise<boolean> {
    return (await fetch(`${this.adminUrl}/readyz`)).ok;
  }

  status(): Promise<StatusView> {
    return this.#json('/api/status') as Promise<StatusView>;
  }

  async sessions(): Promise<readonly SessionView[]> {
    return (await this.#json('/api/sessions')) as readonly SessionView[];
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.adminUrl}/metrics`)).text();
  }

  /** Value of one series, such as `gatehouse_sessions_total{outcome="target-fin"}`; 0 when there is none. */
  async metric(series: string): Promise<number> {
    const line = (await this.metrics()).split('\n').find((each) => each.startsWith(`${series} `));
    return line === undefined ? 0 : Number(line.slice(series.length + 1));
  }

  /** Resident memory of all its processes, in bytes. */
  async residentBytes(): Promise<number> {
    return this.metric('process_resident_memory_bytes');
  }

  /** All whole lines of the log so far. */
  log(): LogLine[] {
    const lines = this.command.stdout.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  /** The first log line with this message and these fields, once it is there. */
  logged(msg: string, fields: Readonly<Record<string, unknown>> = {}, limitMs?: number): Promise<LogLine> {
    const isIt = (line: LogLine): boolean =>
      line.msg === msg && Object.entries(fields).every(([key, value]) => line[key] === value);
    return eventually(() => this.log().find(isIt), `log line "${msg}" ${JSON.stringify(fields)}`, limitMs);
  }

  /** Runs another command against this agent, as somebody at the gateway would. */
  ask(...args: string[]): Promise<CommandEnd> {
    const { host } = new URL(this.adminUrl);
    return gatehouse(args, { cwd: this.folder, env: { GATEHOUSE_ADMIN_LISTEN: host } });
  }

  kill(signal: NodeJS.Signals): void {
    this.command.kill(signal);
  }

  /** Sends a signal to every process of the agent: to stop or kill it as a whole. */
  killAll(signal: NodeJS.Signals): void {
    for (const pid of this.pids.reverse()) process.kill(pid, signal);
  }

  /** Ends whatever still runs. */
  async discard(): Promise<void> {
    if (!this.command.hasEnded) this.killAll('SIGKILL');
    await this.command.discard();
  }

  async #until(
    path: string,
    what: string,
    limitMs: number | undefined,
    holds: (status: number) => boolean,
  ): Promise<void> {
    let isTrue = false;
    const poll = setInterval(() => {
      fetch(`${this.adminUrl}${path}`).then(
        ({ status }) => (isTrue ||= holds(status)),
        () => undefined,
      );
    }, 50);
    const look = (): true | undefined => {
      if (this.command.hasEnded) assert.fail(`the agent ended; waited for ${what}`);
      return isTrue || undefined;
    };
    await eventually(look, what, limitMs).finally(() => clearInterval(poll));
  }

  async #json(path: string): Promise<unknown> {
    return (await fetch(`${this.adminUrl}${path}`)).json();
  }
}
