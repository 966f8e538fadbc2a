import { randomBytes } from 'node:crypto';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

/** Who gets at a file: nobody but its owner, and where root writes for a service, that service's group. */
export interface Access {
  readonly mode: number;
  /** Undefined leaves what the system gives. */
  readonly owner: { readonly user: number; readonly group: number } | undefined;
}

const ROOT = 0;

/**
 * Who shall get at a secret file in a folder. What root writes must be read by the service, which is another user: in a
 * folder of that user the file is the user's, in one of `root:service` it is `root:service 0640`.
 * @param self user id of this process; undefined where there are none (Windows).
 */
export function accessIn(
  folder: { readonly uid: number; readonly gid: number },
  self: number | undefined = process.geteuid?.(),
): Access {
  if (self !== ROOT || (folder.uid === ROOT && folder.gid === ROOT)) return { mode: 0o600, owner: undefined };
  const owner = { user: folder.uid, group: folder.gid };
  return { mode: folder.uid === ROOT ? 0o640 : 0o600, owner };
}

/**
 * A secret file that is certain to be writable before there is anything to write: made beside its place, closed to
 * others, with its space taken. `keep` fills it and gives it its name in one step; `giveUp` leaves no trace.
 */
export class PrivateFile {
  private constructor(
    private readonly file: string,
    /** Where the content is until it has its name, and where it stays should the naming fail. */
    readonly temporary: string,
    private readonly handle: FileHandle,
  ) {}

  /** @param bytes Room that is made. @throws Error of the system, such as EACCES or ENOSPC. */
  static async reserve(file: string, bytes: number): Promise<PrivateFile> {
    const folder = await stat(path.dirname(file));
    const { mode, owner } = accessIn(folder);
    const temporary = `${file}.${randomBytes(4).toString('hex')}.new`;
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.write(Buffer.alloc(bytes), 0, bytes, 0);
      if (owner !== undefined) await handle.chown(owner.user, owner.group);
      await handle.chmod(mode);
      await handle.sync();
    } catch (error) {
      await handle.close();
      await rm(temporary, { force: true });
      throw error;
    }
    return new PrivateFile(file, temporary, handle);
  }

  /** Writes the content and names the file, so that it is there whole and survives a power cut, or not at all. */
  async keep(content: string): Promise<void> {
    const bytes = Buffer.from(content);
    await this.handle.write(bytes, 0, bytes.length, 0);
    await this.handle.truncate(bytes.length);
    await this.handle.sync();
    await this.handle.close();
    await rename(this.temporary, this.file);
    await syncFolder(path.dirname(this.file));
  }

  async giveUp(): Promise<void> {
    await this.handle.close();
    await rm(this.temporary, { force: true });
  }
}

/** Writes a secret file at once. @throws Error of the system; then there is no trace of it. */
export async function writePrivateFile(file: string, content: string): Promise<void> {
  const reserved = await PrivateFile.reserve(file, Buffer.byteLength(content));
  try {
    await reserved.keep(content);
  } catch (error) {
    await rm(reserved.temporary, { force: true });
    throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What an error of the file system means to a person, as the end of a sentence that names the file. */
export function fileTrouble(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'this user may not write there';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'there is no space left';
    case 'ENOENT':
    case 'ENOTDIR':
      return 'its folder does not exist';
    default:
      return code === '' ? 'unknown trouble' : code;
  }
}
