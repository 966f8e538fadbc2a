import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { resultSchema, type MicroResult } from './result.js';

const run = promisify(execFile);

/** Longest time for one child beyond its measuring, in ms: start, preparing, warming up, a slow machine. */
const SLACK_MS = 120_000;

/** Most that a child may print, in bytes; a result of 100 benches has 40 KB. */
const OUTPUT_BYTES = 8_388_608;

/** The suite of one tree, run in a process of its own so that no side finds a compiler warmed up by the other. */
export class Side {
  readonly #program: string;

  constructor(
    folder: string,
    private readonly signal: AbortSignal,
  ) {
    this.#program = path.join(folder, 'dist', 'bench', 'micro', 'main.js');
  }

  /** The names of its benches. */
  async names(): Promise<readonly string[]> {
    const text = await this.#run(['--list'], SLACK_MS);
    return text.split('\n').filter((line) => line !== '');
  }

  /** Runs the benches of these names once. Rejects when the child fails or prints what this version cannot read. */
  async measure(names: readonly string[], timeMs: number): Promise<MicroResult> {
    const options = ['--exact', '--no-store', '--json', '-', '--time', String(timeMs)];
    const text = await this.#run([...options, '--', ...names], SLACK_MS + 4 * timeMs * names.length);
    const result = resultSchema.safeParse(JSON.parse(text));
    if (!result.success)
      throw new Error('the other side prints its results in another format; compare nearer commits');
    return result.data;
  }

  async #run(words: readonly string[], timeout: number): Promise<string> {
    const { signal } = this;
    const { stdout } = await run(process.execPath, [this.#program, ...words], {
      signal,
      timeout,
      maxBuffer: OUTPUT_BYTES,
    });
    return stdout;
  }
}
