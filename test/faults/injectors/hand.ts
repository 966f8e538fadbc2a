import { renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { HEARTBEAT_MS } from '../../../contract/limits.js';

/** Where a text is run: in one worker, whichever looks first, or in the agent's main thread. */
export type Thread = 'worker' | 'main';

/** How often a thread looks whether there is something for it, in ms. */
const LOOK_MS = 20;

/*
 * Loaded into every thread and process of the agent by NODE_OPTIONS. It takes a file by renaming it, so that only one
 * thread runs it; `always` is run by every worker as long as it is there.
 */
const PROGRAM = (folder: string): string => `
  const fs = require('node:fs');
  const { isMainThread, threadId } = require('node:worker_threads');
  const program = process.argv[1] || '';
  const isWorker = program.includes('session-process') || !isMainThread;
  // The parent of the generations has no part in this.
  const kind = isWorker ? 'worker' : program.includes('generations') ? 'main' : 'parent';
  const file = ${JSON.stringify(folder)} + '/' + kind;
  // A worker is up when it begins its heartbeat.
  const interval = globalThis.setInterval;
  globalThis.setInterval = (callback, ms, ...more) => {
    if (ms === ${HEARTBEAT_MS}) globalThis.upAtMs = Date.now();
    return interval(callback, ms, ...more);
  };
  const read = (name) => { try { return fs.readFileSync(name, 'utf8'); } catch { return ''; } };
  const look = () => {
    if (kind === 'worker') (0, eval)(read(file + '-always'));
    const taken = file + '-' + process.pid + '-' + threadId;
    try { fs.renameSync(file, taken); } catch { return; }
    (0, eval)(read(taken));
  };
  interval(look, ${LOOK_MS}).unref();
`;

/** Runs JavaScript inside an agent that was started with its `env`, as a defect of the agent's own would. */
export class Hand {
  readonly #folder: string;
  readonly #preload: string;

  /** @param folder where its files are kept. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#preload = path.join(folder, 'hand.cjs');
    writeFileSync(this.#preload, PROGRAM(folder));
  }

  /** For LaunchOptions.env. */
  get env(): Readonly<Record<string, string>> {
    return { NODE_OPTIONS: `--require ${this.#preload}` };
  }

  /** One thread of this kind runs `text` within some 20 ms, unless it is busy. */
  run(thread: Thread, text: string): void {
    const file = path.join(this.#folder, thread);
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }

  /** Every worker runs `text` again and again, the ones to come too, until it is stopped; `upAtMs` is when it came up. */
  always(text: string): void {
    writeFileSync(path.join(this.#folder, 'worker-always'), text);
  }

  stopAlways(): void {
    rmSync(path.join(this.#folder, 'worker-always'), { force: true });
  }
}
