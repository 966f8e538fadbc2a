import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SEARCH_PATH } from '../injectors/command.js';
import type { RunResult } from './result.js';

const ROW_PROCESS = fileURLToPath(new URL('row-process.js', import.meta.url));

/** Output of a row that is kept for its failure, in characters. */
const MAX_OUTPUT = 20_000;

/** Longest time from a row's result to the end of its process, in ms: agents and targets are ended then. */
const CLEAN_UP_MS = 15_000;

export interface RunOptions {
  readonly id: string;
  /** Module of the catalogue, if it is not the real one. */
  readonly catalogue: string | undefined;
  readonly limitMs: number;
  /** Network and mount namespaces of its own. */
  readonly isolated: boolean;
  /** Ends the run at once. */
  readonly signal: AbortSignal;
}

/**
 * Runs a row once, in a process group of its own. Whatever of the group is left when the row is over, or its time is,
 * is killed; nothing else is.
 */
export async function runOnce(options: RunOptions): Promise<RunResult> {
  const startedAt = performance.now();
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-row-'));
  const child = start(options, folder);
  let output = '';
  let onAbort = (): void => undefined;
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-MAX_OUTPUT);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const failed = (reason: string): RunResult => {
    return { outcome: 'failed', reason, ms: Math.round(performance.now() - startedAt), figures: {} };
  };
  try {
    const result = await new Promise<RunResult>((resolve) => {
      let told: RunResult | undefined;
      let timer = setTimeout(
        () => resolve(failed(`not over within ${options.limitMs / 1_000} s`)),
        options.limitMs,
      );
      child.on('message', (message) => {
        told = message as RunResult;
        clearTimeout(timer);
        const late = `not cleaned up within ${CLEAN_UP_MS / 1_000} s`;
        timer = setTimeout(
          () => resolve(told?.outcome === 'survived' ? failed(late) : (told ?? failed(late))),
          CLEAN_UP_MS,
        );
      });
      child.on('error', (error) => resolve(failed(error.message)));
      child.on('exit', (code, signal) => {
        clearTimeout(timer);
        resolve(told ?? failed(`its process ended with ${String(code ?? signal)}`));
      });
      onAbort = () => resolve(failed('interrupted'));
      options.signal.addEventListener('abort', onAbort);
    });
    return result.outcome === 'survived'
      ? result
      : { ...result, detail: `${result.detail ?? ''}\n${output}`.trim() };
  } finally {
    options.signal.removeEventListener('abort', onAbort);
    endGroup(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

function start({ id, catalogue = '', isolated }: RunOptions, folder: string): ChildProcess {
  const row = [process.execPath, ROW_PROCESS, id, catalogue, readlinkSync('/proc/self/ns/net')];
  const [program = '', ...args] = isolated ? ['unshare', '-n', '-m', '--', ...row] : row;
  return spawn(program, args, {
    // Its own process group, which is what can be ended as a whole.
    detached: true,
    env: { PATH: SEARCH_PATH, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}
