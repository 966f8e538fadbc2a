import { processTree } from '../faults/rig/processes.js';
import { eventually } from './eventually.js';

/**
 * Ends processes that were started by a test, children first, and waits until none is left. An agent in the background of
 * a shell outlives its terminal, whose end is a SIGHUP, by which it reloads.
 */
export async function endAll(pids: readonly number[]): Promise<void> {
  for (const pid of [...pids].reverse()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended with the terminal.
    }
  }
  await eventually(
    () => pids.every((pid) => processTree(pid).length === 0) || undefined,
    'the end of all processes',
  );
}
