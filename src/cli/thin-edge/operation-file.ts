import {
  chownSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { FileMissing, readTextFile } from '../../config/file.js';
import { BadValue } from '../../config/values.js';

/** The operation; thin-edge.io takes the names of these files for what a device can do. */
export const OPERATION = 'c8y_RemoteAccessConnect';

/** Program of the plug-in that comes with thin-edge.io. */
const STOCK_PROGRAM = 'c8y-remote-access-plugin';

/** Largest operation file that is looked at, in bytes; the stock one has some 120. */
const MAX_BYTES = 65_536;

/** By this line the file is known as ours. */
const MARK = '# Written by `gatehouse thin-edge install`; `gatehouse thin-edge remove` takes it back.';

/** Without an `[exec]` table the mapper tells the cloud that the device can do it, and runs nothing. */
const CONTENT = `${MARK}\n# Gatehouse serves remote access on this gateway. thin-edge.io only declares it.\n`;

/**
 * What stands there: our file; a file that only declares, made by somebody else; a file that runs the stock plug-in, or
 * any other program; nothing; or something that is no readable file.
 */
export type OperationFileState = 'ours' | 'declared' | 'stock' | 'program' | 'missing' | 'unusable';

/** The operation file of the gateway or of one child, and the copy that is kept of what it replaces. */
export class OperationFile {
  /** The file that thin-edge.io reads. */
  readonly path: string;
  /** Not beside it: thin-edge.io would declare an operation of that name. */
  readonly backup: string;
  readonly #operations: string;

  /**
   * @param directory configuration directory of thin-edge.io, absolute.
   * @param child external id of a child; undefined for the gateway.
   */
  constructor(
    directory: string,
    readonly child: string | undefined,
  ) {
    this.#operations = path.join(directory, 'operations', 'c8y');
    this.path = path.join(this.#operations, ...(child === undefined ? [] : [child]), OPERATION);
    const name = child === undefined ? OPERATION : `${OPERATION}@${encodeURIComponent(child)}`;
    this.backup = path.join(directory, 'gatehouse', name);
  }

  state(): { readonly state: OperationFileState; readonly detail?: string } {
    const found = readOwn(this.path);
    if (typeof found !== 'string') return found;
    if (found.startsWith(MARK)) return { state: 'ours' };
    try {
      const { exec } = parse(found);
      if (exec === undefined) return { state: 'declared' };
      const command =
        typeof exec === 'object' && 'command' in exec && typeof exec.command === 'string' ? exec.command : '';
      if (command.includes(STOCK_PROGRAM)) return { state: 'stock' };
      return { state: 'program', detail: command.slice(0, 200) };
    } catch (error) {
      if (!(error instanceof TomlError)) throw error;
      return { state: 'unusable', detail: `it is not valid TOML in line ${error.line}` };
    }
  }

  get hasBackup(): boolean {
    return lstatSync(this.backup, { throwIfNoEntry: false }) !== undefined;
  }

  /** Puts our file there and keeps what it replaces. True when something was changed. @throws Error of the system */
  install(): boolean {
    const { state } = this.state();
    if (state === 'ours' || state === 'declared') return false;
    if (state === 'stock' || state === 'program') {
      mkdirSync(path.dirname(this.backup), { recursive: true, mode: 0o755 });
      this.#write(this.backup, readTextFile(this.path, MAX_BYTES).text);
    }
    const folder = path.dirname(this.path);
    if (mkdirSync(folder, { recursive: true, mode: 0o755 }) !== undefined) this.#own(folder);
    this.#write(this.path, CONTENT);
    return true;
  }

  /** Takes our file away and brings back what it had replaced. True when something was changed. @throws Error of the system */
  remove(): boolean {
    if (this.state().state !== 'ours') return false;
    if (this.hasBackup) {
      this.#write(this.path, readTextFile(this.backup, MAX_BYTES).text);
      rmSync(this.backup);
    } else rmSync(this.path);
    return true;
  }

  /** As a whole or not at all, and never through a link that somebody has put there. */
  #write(file: string, text: string): void {
    // The mapper looks at every file there; this name it takes for none (it has a character that it does not allow).
    const draft = path.join(path.dirname(file), `.${path.basename(file)}~`);
    rmSync(draft, { force: true });
    const descriptor = openSync(draft, 'wx', 0o644);
    try {
      writeSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    this.#own(draft);
    renameSync(draft, file);
  }

  /** The files belong to whom the folder belongs to: tedge, unless the gateway was set up otherwise. */
  #own(file: string): void {
    const { uid, gid } = statSync(this.#operations);
    if (process.geteuid?.() === 0) chownSync(file, uid, gid);
  }
}

/** External ids of the children whose file is ours. */
export function ownChildren(directory: string): string[] {
  return readdirSync(path.join(directory, 'operations', 'c8y'), { withFileTypes: true })
    .filter(
      (entry) => entry.isDirectory() && new OperationFile(directory, entry.name).state().state === 'ours',
    )
    .map(({ name }) => name);
}

/** The text of a regular file. */
function readOwn(file: string): string | { readonly state: OperationFileState; readonly detail?: string } {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return { state: 'missing' };
  if (!found.isFile()) return { state: 'unusable', detail: 'it is no regular file' };
  try {
    return readTextFile(file, MAX_BYTES).text;
  } catch (error) {
    if (error instanceof FileMissing) return { state: 'missing' };
    if (error instanceof BadValue) return { state: 'unusable', detail: `it ${error.message}` };
    throw error;
  }
}
