import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';

/** Longest run of a program, in ms; then it is killed. */
const RUN_MS = 120_000;

/** Output kept of one stream, in characters. */
const MAX_OUTPUT_CHARACTERS = 1_000_000;

/** Debian keeps servers out of the search path of ordinary users. */
const FOLDERS = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];

/** Where a program is; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  return FOLDERS.map((folder) => path.join(folder, name)).find(isExecutable);
}

/**
 * For the options of a test that needs programs of others: skipped when one is not installed, unless CI is set; there
 * it has to run, and fails.
 */
export function unlessMissing(...names: string[]): { skip: string } | Record<string, never> {
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0 || (process.env.CI ?? '') !== '') return {};
  return { skip: `not installed: ${missing.join(', ')}; .ci/install-test-servers installs it on Debian` };
}

/** Skips a test that this machine does not let run, unless CI is set; there it has to run, and fails. */
export function skipOutsideCi(t: TestContext, why: string): void {
  if ((process.env.CI ?? '') !== '') throw new Error(`${why}, and in CI nothing is skipped`);
  t.skip(why);
}

export interface ProgramEnd {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. @throws Error when it is not installed. */
export async function runProgram(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ProgramEnd> {
  const file = findProgram(name);
  if (file === undefined) throw new Error(`${name} is not installed; .ci/install-test-servers installs it`);
  const child = spawn(file, args, {
    env: { PATH: FOLDERS.join(':'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_MS,
    killSignal: 'SIGKILL',
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] = (output[stream] + text).slice(-MAX_OUTPUT_CHARACTERS);
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
