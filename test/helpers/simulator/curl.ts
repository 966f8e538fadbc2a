import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

/** True when curl can be run on this machine. */
export const hasCurl = spawnSync('curl', ['--version']).status === 0;

/** Runs curl, at most 10 s, and gives what it printed. */
export async function curl(...parameters: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('curl', [
    '-sS',
    '--max-time',
    '10',
    '--noproxy',
    '*',
    ...parameters,
  ]);
  return stdout;
}

/** Runs lines in a shell, as a person would paste them. */
export async function shell(lines: string): Promise<string> {
  const environment = { ...process.env, no_proxy: '*', NO_PROXY: '*' };
  const { stdout } = await promisify(execFile)('sh', ['-c', lines], { env: environment, timeout: 10_000 });
  return stdout;
}
