import { execFileSync } from 'node:child_process';

/** Longest run of a tool, in ms; all of them only talk to the kernel. */
const LIMIT_MS = 10_000;

/** Search path with the folders of system programs, which ordinary users lack. */
export const SEARCH_PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;

/** Runs a tool to its end and gives what it printed. @throws with its standard error. */
export function command(program: string, args: readonly string[], input?: string): string {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      timeout: LIMIT_MS,
      env: { ...process.env, PATH: SEARCH_PATH },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(input === undefined ? {} : { input }),
    });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(`${program} ${args.join(' ')} failed: ${said || String(error)}`, { cause: error });
  }
}
