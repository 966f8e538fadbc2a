import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The project's folder, seen from dist/bench/micro/harness. */
export const PROJECT = fileURLToPath(new URL('../../../../', import.meta.url));

/** What decides the figures. Results lie inside of bench/ and do not. */
const CODE = ['contract', 'src', 'workers', 'bench', ':!bench/results'];

/** Characters of a short hash: more than Git's own default, so that it stays unique and always the same. */
const HASH_CHARACTERS = 10;

/** Longest time for one git command, in ms. Checking out the tree takes the longest. */
const GIT_MS = 60_000;

/** Output of `git` in `folder`, without its last line break. Rejects when git fails. */
export async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', [...args], { cwd: folder, timeout: GIT_MS });
  return stdout.trimEnd();
}

/** Short hash of the commit in `folder`, with `-dirty` when code differs from it; `unknown` without a repository. */
export async function commitOf(folder: string): Promise<string> {
  try {
    const hash = await git(folder, 'rev-parse', `--short=${HASH_CHARACTERS}`, 'HEAD');
    const changes = await git(folder, 'status', '--porcelain', '--', ...CODE);
    return changes === '' ? hash : `${hash}-dirty`;
  } catch {
    return 'unknown';
  }
}

/** The whole hash of the commit that `ref` names; undefined when there is none here. */
export async function hashOf(folder: string, ref: string): Promise<string | undefined> {
  try {
    return await git(folder, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`);
  } catch {
    return undefined;
  }
}

/** Whether `file` (path in the repository) is part of a commit. */
export async function hasFile(folder: string, hash: string, file: string): Promise<boolean> {
  try {
    await git(folder, 'cat-file', '-e', `${hash}:${file}`);
    return true;
  } catch {
    return false;
  }
}
