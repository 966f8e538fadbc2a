import { randomBytes } from 'node:crypto';
import { readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { errnoOf } from '../journal/state-error.js';

/** How often a lock that another process has is tried again, in ms; it is held for one write and one sync. */
const TRY_MS = 10;

/** Longest wait for it, in ms: whoever waits for the write gives up at the same time. */
const WAIT_MS = 5_000;

/**
 * Lets one process at a time append to a file. The lock is a symbolic link beside it: made at once with the name of its
 * owner in it, or not at all. One whose owner is dead is taken away.
 */
export class FileLock {
  #name: string | undefined;

  constructor(
    private readonly path: string,
    private readonly waitMs = WAIT_MS,
  ) {}

  /** Does `work` while nobody else does. @throws Error with an errno; ETIMEDOUT when another process keeps it. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    await this.#take();
    try {
      return await work();
    } finally {
      await rm(this.path, { force: true }).catch(() => undefined);
    }
  }

  async #take(): Promise<void> {
    this.#name ??= `${process.pid}-${(await startOf(process.pid)) ?? '0'}-${randomBytes(4).toString('hex')}`;
    for (let waitedMs = 0; ; waitedMs += TRY_MS) {
      if (await this.#linked(this.#name)) return;
      const owner = await ownerOf(this.path);
      // Ours, when it could not be taken away the last time.
      if (owner === this.#name) return;
      if (owner !== undefined && !(await isAlive(owner))) await this.#removeStale(owner);
      else if (waitedMs >= this.waitMs) throw kept(this.path, owner);
      else await pause(TRY_MS);
    }
  }

  async #linked(name: string): Promise<boolean> {
    try {
      await symlink(name, this.path);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return false;
      throw error;
    }
  }

  /** Takes the dead owner's link away, and puts it back when it was another one's by then. */
  async #removeStale(owner: string): Promise<void> {
    const aside = `${this.path}.${this.#name ?? ''}`;
    try {
      await rename(this.path, aside);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return;
      throw error;
    }
    const found = await ownerOf(aside);
    if (found !== undefined && found !== owner) await symlink(found, this.path).catch(() => undefined);
    await rm(aside, { force: true });
  }
}

/** Undefined when there is no lock. */
async function ownerOf(file: string): Promise<string | undefined> {
  try {
    return await readlink(file);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function isAlive(owner: string): Promise<boolean> {
  const [, pid = '', start = ''] = /^(\d+)-(\d+)-/.exec(owner) ?? [];
  if (pid === '') return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false;
  }
  const since = await startOf(Number(pid));
  return since === undefined || start === '0' || since === start;
}

/** When a process began, in clock ticks since boot (proc(5), field 22 of stat): numbers of processes come again. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  // The name of the program stands in brackets, and may hold anything.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function kept(file: string, owner: string | undefined): Error {
  const pid = owner?.split('-')[0] ?? '?';
  return Object.assign(new Error(`process ${pid} keeps ${file}`), { code: 'ETIMEDOUT' });
}
