import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { git } from './repository.js';

const run = promisify(execFile);

/** Longest time for a build, in ms: minutes on a small gateway, seconds elsewhere. */
const BUILD_MS = 600_000;

/** Most that a build may print, in bytes. */
const BUILD_OUTPUT_BYTES = 1_048_576;

/** A commit that is checked out and built beside the work tree. */
export interface OtherTree {
  readonly folder: string;
  /** Takes the folder away, and what Git remembers of it. Calling it twice is harmless. */
  remove(): Promise<void>;
}

/**
 * Checks the commit `hash` out into a folder for temporary files and builds it with its own build script and the
 * packages of `project`. When that fails or `signal` aborts, nothing of it stays.
 */
export async function buildTree(project: string, hash: string, signal: AbortSignal): Promise<OtherTree> {
  const parent = mkdtempSync(path.join(tmpdir(), 'gatehouse-bench-'));
  const folder = path.join(parent, 'tree');
  const tree = { folder, remove: () => removeTree(project, parent, folder) };
  try {
    await git(project, 'worktree', 'add', '--quiet', '--detach', folder, hash);
    symlinkSync(path.join(project, 'node_modules'), path.join(folder, 'node_modules'));
    signal.throwIfAborted();
    await build(folder, signal);
    return tree;
  } catch (error) {
    await tree.remove();
    throw error;
  }
}

async function build(folder: string, signal: AbortSignal): Promise<void> {
  const limits = { timeout: BUILD_MS, maxBuffer: BUILD_OUTPUT_BYTES };
  try {
    await run('npm', ['run', '--silent', 'build'], { cwd: folder, signal, ...limits });
  } catch (error) {
    signal.throwIfAborted();
    // The compiler tells what is wrong on standard output.
    const said = (error as { stdout?: string }).stdout?.trim().split('\n').slice(0, 10).join('\n') ?? '';
    throw new Error(`the commit does not build with the packages of the work tree:\n${said}`, {
      cause: error,
    });
  }
}

/** A build that was stopped may write for another moment, so the folder is tried several times. */
async function removeTree(project: string, parent: string, folder: string): Promise<void> {
  await git(project, 'worktree', 'remove', '--force', folder).catch(() => undefined);
  rmSync(parent, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  await git(project, 'worktree', 'prune').catch(() => undefined);
}
