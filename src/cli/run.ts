import { realpathSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { claimState } from '../generations/parent/state-directory.js';
import { Parent } from '../generations/parent/parent.js';
import type { ProcessIo } from './process-io.js';

export interface RunOptions {
  /** From --config; without it the default files are looked for. */
  readonly file: string | undefined;
}

/** `gatehouse run`: the agent until it is told to stop. Gives the exit code. */
export async function run({ file }: RunOptions, io: ProcessIo): Promise<number> {
  const parent = new Parent({
    entry: generationFile,
    args: file === undefined ? [] : [file],
    claimState,
    complain: (text) => void io.stderr.write(`${text}\n`),
    now: () => performance.now(),
  });
  let isStopping = false;
  io.onInterrupt(() => {
    isStopping = true;
    parent.stop();
  });
  io.onSignal('SIGUSR2', () => parent.drain());
  io.onSignal('SIGHUP', () => parent.reload());
  // The second interrupt ends this process at once, and nothing may be left of it.
  process.once('exit', () => {
    if (isStopping) parent.kill();
  });
  return parent.run();
}

/**
 * The file that hosts a generation, of the program as it is installed now: an upgrade replaces the files below the
 * path that this process was started with, or makes a symbolic link in it point elsewhere.
 */
function generationFile(): string {
  const started = process.argv[1];
  if (started !== undefined && path.basename(realpathSync(started)) === 'main.js')
    return path.join(path.dirname(realpathSync(started)), 'generations', 'main.js');
  return fileURLToPath(new URL('../generations/main.js', import.meta.url));
}
