import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { processTree } from '../faults/rig/processes.js';
import { eventually } from './eventually.js';

/** The command as it is installed, seen from dist/test/helpers. */
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** Longest run of a command that a test waits for, in ms; the slowest, `demo --once`, takes a few seconds alone. */
const END_MS = 60_000;

/** Output kept of one stream, in characters; no test prints as much. */
const MAX_OUTPUT_CHARACTERS = 20_000_000;

/** How a command ended. */
export interface CommandEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** All of its environment beside PATH: proxies and settings of whoever runs the tests must not matter. */
  readonly env?: Readonly<Record<string, string>>;
  /** Flags for Node itself. */
  readonly nodeFlags?: readonly string[];
  /** Default: the folder for temporary files, in which there is no gatehouse.yaml. */
  readonly cwd?: string;
  /** Put before the command, such as `prlimit --nofile=64`: a program that becomes what it is told to run (exec). */
  readonly prefix?: readonly string[];
  /** The command in another installation. Default: the one that was built. */
  readonly main?: string;
}

/** `gatehouse` as a process of its own. */
export class Command {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<CommandEnd>;
  #hasEnded = false;

  constructor(args: readonly string[], options: CommandOptions = {}) {
    const { env = {}, nodeFlags = [], cwd = tmpdir(), prefix = [], main = MAIN } = options;
    const command = [...prefix, process.execPath, ...nodeFlags, main, ...args];
    const [program = process.execPath, ...rest] = command;
    this.#child = spawn(program, rest, {
      cwd,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout = (this.stdout + text).slice(-MAX_OUTPUT_CHARACTERS);
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-MAX_OUTPUT_CHARACTERS);
    });
    this.#ended = once(this.#child, 'close').then(([code, signal]: unknown[]) => {
      this.#hasEnded = true;
      const { stdout, stderr } = this;
      return { code: code as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr };
    });
  }

  get pid(): number {
    return this.#child.pid ?? assert.fail('the process did not start');
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Signals it and every process that it has started, the youngest first. */
  killAll(signal: NodeJS.Signals): void {
    for (const pid of processTree(this.pid).reverse()) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended since the list was made.
      }
    }
  }

  /** Waits for text on standard output; fails at once when the process ends without it. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return eventually(
      () => {
        const match = pattern.exec(this.stdout);
        if (match === null && this.#hasEnded)
          assert.fail(`it ended without ${String(pattern)}:\n${this.#output()}`);
        return match ?? undefined;
      },
      `${String(pattern)} on standard output`,
    );
  }

  /** How it ended; after a minute it is killed and the test fails. */
  async ended(): Promise<CommandEnd> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), END_MS);
    });
    const end = await Promise.race([this.#ended, late]);
    clearTimeout(timer);
    if (end !== undefined) return end;
    this.killAll('SIGKILL');
    return assert.fail(`it did not end within ${END_MS / 1000} s:\n${this.#output()}`);
  }

  /** Ends it if it still runs: for the end of a test. */
  async discard(): Promise<void> {
    if (!this.#hasEnded) this.killAll('SIGKILL');
    await this.#ended;
  }

  #output(): string {
    return `${this.stdout.slice(-3_000)}\n${this.stderr.slice(-3_000)}`;
  }
}

/** Runs a command to its end. */
export function gatehouse(args: readonly string[], options?: CommandOptions): Promise<CommandEnd> {
  return new Command(args, options).ended();
}
