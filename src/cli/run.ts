import { realpathSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { LaunchFailure } from '../generations/parent/launch.js';
import { Parent } from '../generations/parent/parent.js';
import { DirectoryLock } from '../journal/directory-lock.js';
import { journalGenerations } from '../journal/state-directory.js';
import { StateError } from '../journal/state-error.js';
import { EXIT } from '../exit-codes.js';
import { ServiceManager } from '../service/service-manager.js';
import { watch } from '../service/watchdog.js';
import type { ProcessIo } from './process-io.js';
import { stateExitCode } from './state-exit-code.js';

export interface RunOptions {
  /** From --config; without it the default files are looked for. */
  readonly file: string | undefined;
}

/** `gatehouse run`: the agent until it is told to stop. Gives the exit code. */
export async function run({ file }: RunOptions, io: ProcessIo): Promise<number> {
  let lock: DirectoryLock | undefined;
  const manager = ServiceManager.find(process.env, (why) => {
    io.stderr.write(
      `systemd-notify, by which the service manager hears of this agent, does not work: ${why}\n`,
    );
  });
  let watching: ReturnType<typeof watch> | undefined;
  const parent = new Parent({
    entry: generationFile,
    args: file === undefined ? [] : [file],
    claimState: async (directory) => {
      if (directory === null) return 1;
      try {
        lock = await DirectoryLock.take(directory);
        return ((await journalGenerations(directory)).at(-1) ?? 0) + 1;
      } catch (error) {
        return failure(error);
      }
    },
    complain: (text) => void io.stderr.write(`${text}\n`),
    onReady: () => {
      manager?.ready();
      if (manager !== undefined) watching = watch(parent, manager);
    },
    onLink: () => watching?.look(),
    onEnding: () => manager?.stopping(),
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
  const exitCode = await parent.run();
  await lock?.release();
  return exitCode;
}

function failure(error: unknown): LaunchFailure {
  const exitCode = error instanceof StateError ? stateExitCode(error) : EXIT.failed;
  return { kind: 'failed', exitCode, sentences: [error instanceof Error ? error.message : String(error)] };
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
