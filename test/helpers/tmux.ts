import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';
import { processTree } from '../faults/rig/processes.js';
import { endAll } from './end-all.js';
import { findProgram } from './programs.js';

/** The command as it is installed, seen from dist/test/helpers. */
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

const OUTPUT = fileURLToPath(new URL('../../test-output/', import.meta.url));

/** Longest wait for something on the screen, in ms, and how often is looked. */
const LIMIT_MS = 20_000;
const STEP_MS = 100;

export interface TmuxOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A real terminal of a given size in which `gatehouse` runs, until the end of the test. */
export class Tmux {
  readonly #socket = `gatehouse-test-${randomUUID()}`;

  /** Runs the command; behind it stands `ended CODE`, so that its end shows. */
  static start(t: TestContext, args: readonly string[], options: TmuxOptions): Tmux {
    const tmux = new Tmux();
    t.after(() => tmux.#end());
    const { columns = 80, rows = 24, env = {} } = options;
    const words = [
      'env',
      ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
      process.execPath,
      MAIN,
      ...args,
    ];
    const command = `${words.map((word) => `'${word}'`).join(' ')}; echo "ended $?"; read answer`;
    const size = ['-x', String(columns), '-y', String(rows)];
    tmux.#run(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      ...size,
      '-s',
      'test',
      '-c',
      options.cwd,
      'sh',
      '-c',
      command,
    );
    return tmux;
  }

  /** What is on the screen, without the lines that are empty at its end. */
  screen(): string {
    return this.#run('capture-pane', '-p', '-t', 'test').trimEnd();
  }

  /** The same with the colours, as escape sequences. */
  coloured(): string {
    return this.#run('capture-pane', '-p', '-e', '-t', 'test');
  }

  /** Keeps what is on the screen, with colours, in dist/test-output for people to look at (`cat` shows it). */
  save(name: string): void {
    mkdirSync(OUTPUT, { recursive: true });
    writeFileSync(path.join(OUTPUT, `${name}.ansi`), this.coloured());
  }

  /** Presses keys, by the names of tmux(1). */
  press(...keys: readonly string[]): void {
    this.#run('send-keys', '-t', 'test', ...keys);
  }

  resize(columns: number, rows: number): void {
    this.#run('resize-window', '-t', 'test', '-x', String(columns), '-y', String(rows));
  }

  /** The screen once this is on it. */
  async shows(pattern: RegExp): Promise<string> {
    const deadlineMs = Date.now() + LIMIT_MS;
    for (;;) {
      const screen = this.screen();
      if (pattern.test(screen)) return screen;
      if (Date.now() > deadlineMs) assert.fail(`no ${String(pattern)} on the screen:\n${screen}`);
      await wait(STEP_MS);
    }
  }

  /** Ends the terminal and everything that was started in it. */
  async #end(): Promise<void> {
    const pid = Number(this.#run('display-message', '-p', '#{pane_pid}'));
    const pids = pid > 0 ? processTree(pid) : [];
    this.#run('kill-server');
    await endAll(pids);
  }

  // Not in the folder of the test, which may be gone before the terminal is.
  #run(...args: readonly string[]): string {
    const env = { PATH: process.env.PATH ?? '', TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' };
    const { stdout } = spawnSync(findProgram('tmux') ?? 'tmux', ['-L', this.#socket, ...args], {
      encoding: 'utf8',
      env,
    });
    return stdout;
  }
}
