import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { processTree } from '../faults/rig/processes.js';
import { endAll } from './end-all.js';
import { eventually } from './eventually.js';

/** Where captures of the screen are left for somebody to look at. */
const OUTPUT = fileURLToPath(new URL('../../test-output/', import.meta.url));

/** Size of the screen: as wide as the narrowest that people use, and high enough for all that a test looks for. */
const [COLUMNS, ROWS] = [80, 50];

/** Lines above the screen that are looked at as well. */
const HISTORY = 500;

/** Longest wait for anything to show, in ms: a command takes a second to start on a loaded machine. */
const LIMIT_MS = 60_000;

/** A real terminal (a pty of tmux) in which a command runs, driven by keys and read as a person sees it. */
export class TerminalScreen {
  readonly #socket = `gatehouse-test-${randomBytes(6).toString('hex')}`;

  /** Starts the command in a folder; its environment is PATH, TERM and `env` alone. */
  constructor(command: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
    // A shell that ends would leave what was typed in its home.
    const home = { HOME: cwd, HISTFILE: '/dev/null' };
    const environment = { PATH: process.env.PATH ?? '', ...home, LANG: 'C.UTF-8', ...env };
    const line = [
      ...['exec', 'env', '-i', 'TERM=xterm-256color'],
      ...Object.entries(environment).map(([name, value]) => quoted(`${name}=${value}`)),
      ...command.map(quoted),
    ].join(' ');
    const size = ['-x', String(COLUMNS), '-y', String(ROWS)];
    this.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, '-c', cwd, line);
  }

  /** All that was printed, the visible part last; lines that were wrapped are whole. */
  get screen(): string {
    return this.#tmux('capture-pane', '-p', '-J', '-S', `-${HISTORY}`).trimEnd();
  }

  /** Waits until the screen shows it, at most `limitMs`, and gives what matched. */
  async shows(text: string | RegExp, limitMs = LIMIT_MS): Promise<RegExpExecArray> {
    const pattern = typeof text === 'string' ? new RegExp(escaped(text)) : text;
    let last = '';
    try {
      return await eventually(
        () => pattern.exec((last = this.screen)) ?? undefined,
        `"${String(text)}" on the screen`,
        limitMs,
      );
    } catch (error) {
      return assert.fail(`${error instanceof Error ? error.message : ''}; it shows:\n${last}`);
    }
  }

  /** Types the answer once the question is there. */
  async answer(question: string | RegExp, answer: string): Promise<void> {
    await this.shows(question);
    this.type(answer);
  }

  /** Types a line. */
  type(line: string): void {
    if (line !== '') this.#tmux('send-keys', '-l', '--', line);
    this.press('Enter');
  }

  /** A key by its name in tmux: `C-c`, `Up`, `Enter`. */
  press(key: string): void {
    this.#tmux('send-keys', key);
  }

  /** Leaves the screen in a file of the test output. */
  capture(name: string): void {
    mkdirSync(OUTPUT, { recursive: true });
    writeFileSync(path.join(OUTPUT, `${name}.txt`), `${this.screen}\n`);
  }

  /** Ends the terminal and what runs in it. */
  async close(): Promise<void> {
    const pids = this.#pids();
    try {
      this.#tmux('kill-server');
    } catch {
      // It has ended with what ran in it.
    }
    await endAll(pids);
  }

  /** What runs in it; nothing when it has ended. */
  #pids(): number[] {
    try {
      return processTree(Number(this.#tmux('display-message', '-p', '#{pane_pid}')));
    } catch {
      return [];
    }
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

/** Text as one word of a shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Text as a pattern that matches it. */
export function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
