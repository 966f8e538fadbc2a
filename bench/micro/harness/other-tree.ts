import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from './build.js';
import { git } from './repository.js';

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
    await build(folder, signal);
    return tree;
  } catch (error) {
    await tree.remove();
    throw error;
  }
}

async function removeTree(project: string, parent: string, folder: string): Promise<void> {
  await git(project, 'worktree', 'remove', '--force', folder).catch(() => undefined);
  rmSync(parent, { recursive: true, force: true });
  await git(project, 'worktree', 'prune').catch(() => undefined);
}
