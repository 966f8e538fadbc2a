import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.js';

/** The command as it is installed, seen from dist/test/helpers. */
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** Where captures of the screen are left for somebody to look at. */
const OUTPUT = fileURLToPath(new URL('../../test-output/', import.meta.url));

/** Size of the screen: the smallest that people still use. */
const [COLUMNS, ROWS] = [80, 50];

/** Written by the shell behind the command's output. */
const END = 'ended with';

/** `gatehouse` on a real terminal (a pty of tmux), driven by keys and read as a person sees it. */
export class WizardTerminal {
  readonly #socket = `gatehouse-test-${randomBytes(6).toString('hex')}`;

  /** Starts the command in a folder; its environment is PATH, TERM and `env` alone. */
  constructor(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
    const environment = { PATH: process.env.PATH ?? '', HOME: cwd, LANG: 'C.UTF-8', ...env };
    const command = [
      ...['exec', 'env', '-i', 'TERM=xterm-256color'],
      ...Object.entries(environment).map(([name, value]) => quoted(`${name}=${value}`)),
      ...[
        'sh',
        '-c',
        quoted(`${[process.execPath, MAIN, ...args].map(quoted).join(' ')}; echo "${END} $?"; sleep 60`),
      ],
    ].join(' ');
    const size = ['-x', String(COLUMNS), '-y', String(ROWS)];
    this.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, '-c', cwd, command);
  }

  /** The screen as text. */
  get screen(): string {
    return this.#tmux('capture-pane', '-p', '-J').trimEnd();
  }

  /** Waits until the screen shows it. */
  async shows(text: string | RegExp): Promise<void> {
    const isThere = (screen: string): boolean =>
      typeof text === 'string' ? screen.includes(text) : text.test(screen);
    let last = '';
    try {
      await eventually(() => isThere((last = this.screen)) || undefined, `"${String(text)}" on the screen`);
    } catch (error) {
      assert.fail(`${error instanceof Error ? error.message : ''}; it shows:\n${last}`);
    }
  }

  /** Types the answer once the question is there. */
  async answer(question: string | RegExp, answer: string): Promise<void> {
    await this.shows(question);
    if (answer !== '') this.#tmux('send-keys', '-l', '--', answer);
    this.press('Enter');
  }

  /** A key by its name in tmux: `C-c`, `Up`, `Enter`. */
  press(key: string): void {
    this.#tmux('send-keys', key);
  }

  /** The exit code of the command. */
  async ended(): Promise<number> {
    await this.shows(new RegExp(`${END} \\d+`));
    return Number(new RegExp(`${END} (\\d+)`).exec(this.screen)?.[1]);
  }

  /** Leaves the screen in a file of the test output. */
  capture(name: string): void {
    mkdirSync(OUTPUT, { recursive: true });
    writeFileSync(path.join(OUTPUT, `${name}.txt`), `${this.screen}\n`);
  }

  /** Ends the terminal and what runs in it. */
  close(): void {
    this.#tmux('kill-server');
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
