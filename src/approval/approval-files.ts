import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, opendir, rename, rm, chmod, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Verdict } from '../../contract/approval.js';
import { planting } from '../config/permissions.js';

/** Largest file of ours or of others that is read, in bytes. */
const MAX_FILE_BYTES = 4_096;

/** Entries of the directory that are looked at in one cleaning; ours are three at most for each request. */
const MAX_ENTRIES = 1_000;

/** Time between the making of a file and the write of a name behind it, in ms; far more than a shell needs. */
const WRITING_MS = 50;

/** Nothing is followed, and nobody is waited for. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

const ENTRY = /^([0-9a-f]{10})\.(request\.json|request\.tmp|approve|deny)$/;

/** A file of the directory by its parts. */
export interface ApprovalFile {
  readonly id: string;
  readonly kind: 'request.json' | 'request.tmp' | Verdict;
}

/** An answer that lies in the directory. */
export type FoundAnswer =
  | { readonly kind: 'answer'; readonly verdict: Verdict; readonly by: string }
  /** It does not count, and why. */
  | { readonly kind: 'refused'; readonly why: string };

/** The files of approval.directory: one of requests, and of answers that others put there. */
export class ApprovalFiles {
  constructor(private readonly directory: string) {}

  /** Makes the directory if it has to. @throws Error, with a sentence, when it cannot be used as it is. */
  async open(): Promise<Stats> {
    const made = await mkdir(this.directory, { recursive: true, mode: 0o770 });
    // Whatever the umask: its group are those who approve.
    if (made !== undefined) await chmod(this.directory, 0o770);
    const stats = await lstat(this.directory);
    if (!stats.isDirectory()) throw new Error('it is no directory');
    if ((stats.mode & 0o002) !== 0) {
      throw new Error(`everybody on this machine could approve; run: chmod o-w ${this.directory}`);
    }
    const parent = path.dirname(path.resolve(this.directory));
    const { mode, uid: owner } = await stat(parent);
    const planted = planting(stats.uid, { path: parent, mode, owner });
    if (planted !== undefined) throw new Error(`it ${planted}`);
    return stats;
  }

  /** Puts a request down, whole from its first moment on, readable for the group. */
  async write(id: string, content: object): Promise<void> {
    const place = this.#path({ id, kind: 'request.tmp' });
    const handle = await open(place, CREATE, 0o640);
    try {
      await handle.chmod(0o640);
      await handle.writeFile(`${JSON.stringify(content, null, 2)}\n`);
    } finally {
      await handle.close();
    }
    await rename(place, this.#path({ id, kind: 'request.json' }));
  }

  /** Removes all that belongs to a request. */
  async remove(id: string): Promise<void> {
    for (const kind of ['request.json', 'request.tmp', 'approve', 'deny'] as const)
      await this.delete({ id, kind });
  }

  /** A directory of such a name is nothing of ours, and stays. */
  async delete(file: ApprovalFile): Promise<void> {
    try {
      await rm(this.#path(file), { force: true });
    } catch (error) {
      if (!isErrno(error, 'ERR_FS_EISDIR')) throw error;
    }
  }

  /** The answer to a request, if there is one; no beats yes. */
  async answer(id: string, directory: Stats): Promise<FoundAnswer | undefined> {
    for (const verdict of ['deny', 'approve'] as const) {
      const stats = await this.stats({ id, kind: verdict });
      if (stats === undefined) continue;
      const why = objection(stats, directory);
      if (why !== undefined) return { kind: 'refused', why: `${id}.${verdict} ${why}` };
      const name = await this.#nameIn({ id, kind: verdict }, stats);
      const account = `user id ${stats.uid}`;
      return {
        kind: 'answer',
        verdict,
        by: name === '' ? account : `${name} (${account})`,
      };
    }
    return undefined;
  }

  /** What an answer holds. `echo Ann >` makes the file first: one that is fresh and empty gets a moment. */
  async #nameIn(file: ApprovalFile, { mtimeMs }: Stats): Promise<string> {
    const name = await this.read(file).catch(() => '');
    if (name !== '' || Math.abs(Date.now() - mtimeMs) > WRITING_MS) return name.trim();
    await setTimeout(WRITING_MS);
    return (await this.read(file).catch(() => '')).trim();
  }

  /** Undefined when it is not there. */
  async stats(file: ApprovalFile): Promise<Stats | undefined> {
    try {
      return await lstat(this.#path(file));
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** The text of a regular file, as far as it is looked at. @throws Error when there is none. */
  async read(file: ApprovalFile): Promise<string> {
    const handle = await open(this.#path(file), READ);
    try {
      if (!(await handle.stat()).isFile()) throw new Error('it is no regular file');
      const buffer = Buffer.alloc(MAX_FILE_BYTES);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  }

  /** Those with names of our own form, as far as a cleaning looks. */
  async list(): Promise<ApprovalFile[]> {
    const found: ApprovalFile[] = [];
    let seen = 0;
    for await (const { name } of await opendir(this.directory)) {
      const [, id, kind] = ENTRY.exec(name) ?? [];
      if (id !== undefined && kind !== undefined) found.push({ id, kind: kind as ApprovalFile['kind'] });
      seen += 1;
      if (seen >= MAX_ENTRIES) break;
    }
    return found;
  }

  #path({ id, kind }: ApprovalFile): string {
    return path.join(this.directory, `${id}.${kind}`);
  }
}

/**
 * Why an answer does not count. Where the group may write, everybody in it may approve; where only the directory's owner
 * may, a file of somebody else was brought there by a move, and does not say that its owner approves.
 */
function objection(file: Stats, directory: Stats): string | undefined {
  if (!file.isFile()) return 'is no regular file';
  if (file.nlink !== 1) return 'has a second name elsewhere, so that nobody knows who made it';
  const isGroupWritable = (directory.mode & 0o020) !== 0;
  if (isGroupWritable || file.uid === 0 || file.uid === directory.uid) return undefined;
  return `belongs to user id ${file.uid}, who may not write into this directory`;
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
