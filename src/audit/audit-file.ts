import { randomBytes } from 'node:crypto';
import { open, rename, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { MAX_AUDIT_FILE_BYTES } from '../../contract/limits.js';
import { makeDirectory, syncDirectory } from '../journal/state-directory.js';
import { errnoOf, StateError } from '../journal/state-error.js';
import type { AuditFact, ChainFact } from './fact.js';
import { FileLock } from './file-lock.js';
import type { Head, HeadFile } from './head.js';
import { closedTo, openToOthers } from './log-owner.js';
import { readEnd, readFirst, type Evidence } from './log-end.js';
import { rotatedName } from './log-files.js';
import { predecessor } from './predecessor.js';
import { AUDIT_FORMAT, encodeLine, NO_HASH, sha256 } from './record.js';

export interface AuditFileOptions {
  readonly path: string;
  /** Keeps the newest record's place apart from the log; undefined = nowhere. */
  readonly head: HeadFile | undefined;
  /** Wall clock, in ms since 1970. */
  readonly now: () => number;
  /** A file of this size is put aside before the next write, in bytes. Default MAX_AUDIT_FILE_BYTES. */
  readonly maxBytes?: number | undefined;
  /** Replaces the real file; for tests. */
  readonly openFile?: typeof open | undefined;
  /** The file was put aside under this name. */
  readonly onRotated?: ((name: string) => void) | undefined;
}

interface OpenedFile {
  readonly handle: FileHandle;
  readonly inode: number;
  /** Number of its first record; undefined while it has none. */
  firstSeq: number | undefined;
  /** Bytes that this process knows; UNREAD: what stands in it has to be read first. */
  bytes: number;
}

const UNREAD = -1;

interface CaughtUp {
  readonly opening: readonly AuditFact[];
  /** What somebody left unfinished behind the last record. */
  readonly evidence: Evidence | undefined;
}

/**
 * The bytes of the audit log. Several processes write it: each append holds a lock, and first reads what others have
 * appended. Nothing that stands in the file is ever changed or taken away.
 */
export class AuditFile {
  readonly #options: AuditFileOptions;
  readonly #lock: FileLock;
  #file: OpenedFile | undefined;
  /** The last record of the chain, as far as it is known. */
  #end: Head | undefined;
  /** Records that are in the file, and may not be on the disk. */
  readonly #unsynced = new Map<AuditFact, Head>();

  constructor(options: AuditFileOptions) {
    this.#options = options;
    this.#lock = new FileLock(`${options.path}.lock`);
  }

  /** Bytes of the file that is written. */
  get bytes(): number {
    return Math.max(0, this.#file?.bytes ?? 0);
  }

  /** Sees to it that the log can be used. @throws StateError with what to change; Error with an errno. */
  async check(): Promise<void> {
    await this.#checkFile();
    await this.#lock
      .hold(() => Promise.resolve())
      .catch((error: unknown) => {
        throw closedTo(this.#options.path, error) ?? error;
      });
  }

  async #checkFile(): Promise<void> {
    const file = await this.#open();
    try {
      const first = await readFirst(file.handle);
      if ((first?.format ?? 0) > AUDIT_FORMAT) throw newer(this.#options.path);
      const { kind } = await readEnd(file.handle, file.bytes);
      const isOurs = first !== undefined || kind === 'empty' || kind === 'unbegun';
      if (kind === 'foreign' || !isOurs) throw foreign(this.#options.path);
    } finally {
      await file.handle.close();
    }
  }

  /**
   * Appends the facts in order and syncs the file; gives the place of each. @throws Error with an errno: then none of
   * them counts as written. Those that are given again are not written a second time where they are there already.
   */
  append(facts: readonly AuditFact[]): Promise<Map<AuditFact, Head>> {
    return this.#lock.hold(async () => {
      const endBefore = this.#end;
      const { file, opening, evidence } = await this.#ready();
      const places = new Map<AuditFact, Head>();
      const fresh = facts.filter((fact) => {
        const known = this.#unsynced.get(fact);
        if (known !== undefined) places.set(fact, known);
        return known === undefined;
      });
      await this.#write(file, [...opening, ...fresh], evidence, places).catch((error: unknown) => {
        // What was to be said of the file was not: it is found out again.
        this.#end = endBefore;
        file.bytes = UNREAD;
        throw error;
      });
      for (const [fact, place] of places) this.#unsynced.set(fact, place);
      await file.handle.datasync();
      this.#unsynced.clear();
      if (this.#end !== undefined) await this.#options.head?.write(this.#end);
      return places;
    });
  }

  async close(): Promise<void> {
    await this.#file?.handle.close().catch(() => undefined);
    this.#file = undefined;
  }

  /** The file to append to, with what has to stand in it before anything else. */
  async #ready(): Promise<CaughtUp & { readonly file: OpenedFile }> {
    const file = await this.#current();
    const caughtUp = await this.#catchUp(file);
    const isFull = file.bytes >= (this.#options.maxBytes ?? MAX_AUDIT_FILE_BYTES);
    if (!isFull || caughtUp.opening.length > 0) return { file, ...caughtUp };
    const next = await this.#rotated(file);
    return { file: next, ...(await this.#catchUp(next)) };
  }

  async #write(
    file: OpenedFile,
    facts: readonly AuditFact[],
    evidence: Evidence | undefined,
    places: Map<AuditFact, Head>,
  ): Promise<void> {
    const isNew = file.bytes === 0;
    let end = this.#end;
    let text = evidence?.lacksEnd === true ? '\n' : '';
    for (const fact of facts) {
      const seq = end === undefined ? 0 : end.seq + 1;
      const line = encodeLine(seq, end?.hash ?? NO_HASH, fact);
      end = { chain: chainOf(fact) ?? end?.chain ?? '', seq, hash: sha256(line) };
      places.set(fact, end);
      text += line;
    }
    const bytes = Buffer.from(text);
    await writeFully(file.handle, bytes, file.bytes);
    file.bytes += bytes.length;
    file.firstSeq ??= end === undefined ? undefined : end.seq + 1 - facts.length;
    this.#end = end;
    if (isNew && bytes.length > 0) await syncDirectory(path.dirname(this.#options.path));
  }

  /** The file under its name; another one when somebody has moved it away. */
  async #current(): Promise<OpenedFile> {
    const there = await stat(this.#options.path).catch(missing);
    if (this.#file !== undefined && this.#file.inode !== there?.ino) await this.close();
    this.#file ??= await this.#openBegun();
    return this.#file;
  }

  /** The file, put aside before when not even its first record was finished. */
  async #openBegun(): Promise<OpenedFile> {
    const file = await this.#open();
    const found = await readEnd(file.handle, file.bytes);
    // What others have written in it is read before anything is appended.
    file.bytes = UNREAD;
    if (found.kind !== 'unbegun') return file;
    await file.handle.close();
    const { path: name, now } = this.#options;
    await rename(name, `${name}.torn-${now()}`);
    return { ...(await this.#open()), bytes: UNREAD };
  }

  async #open(): Promise<OpenedFile> {
    const { path: name, openFile = open } = this.#options;
    const folder = path.dirname(path.resolve(name));
    await makeDirectory(folder);
    const around = await stat(folder);
    const handle = await openFile(name, 'a+', 0o600);
    const found = await handle.stat();
    const trouble = found.isFile() ? openToOthers(name, found, around) : foreign(name);
    if (trouble === undefined) return { handle, inode: found.ino, firstSeq: undefined, bytes: found.size };
    await handle.close();
    throw trouble;
  }

  /** Puts the file aside; where that cannot be done it goes on growing. */
  async #rotated(file: OpenedFile): Promise<OpenedFile> {
    const { path: name, onRotated } = this.#options;
    const aside = rotatedName(name, file.firstSeq ?? 0);
    try {
      await rename(name, aside);
    } catch {
      return file;
    }
    onRotated?.(aside);
    return this.#current();
  }

  /** Reads what stands in the file beyond what is known, and says what has to be written before anything else. */
  async #catchUp(file: OpenedFile): Promise<CaughtUp> {
    const { size } = await file.handle.stat();
    if (size === file.bytes && size > 0) return { opening: [], evidence: undefined };
    const found = await readEnd(file.handle, size);
    file.bytes = size;
    if (found.kind === 'empty') return { opening: await this.#begin(file), evidence: undefined };
    const first = await readFirst(file.handle);
    if (found.kind !== 'end' || first === undefined) throw foreign(this.#options.path);
    file.firstSeq = first.line.seq;
    const { last, evidence } = found;
    const expected = this.#end ?? (await this.#options.head?.read());
    this.#end = { chain: first.chain, seq: last.seq, hash: last.hash };
    for (const [fact, { seq }] of this.#unsynced) if (seq > last.seq) this.#unsynced.delete(fact);
    const opening: AuditFact[] = [];
    if (evidence !== undefined)
      opening.push(this.#now({ type: 'torn', bytes: evidence.bytes, sha256: evidence.sha256 }));
    if (isCut(this.#end, expected)) opening.push(this.#now(cutAt(expected)));
    return { opening, evidence };
  }

  /** The first record of an empty file; and that there were others in it, when somebody has emptied it. */
  async #begin({ firstSeq }: OpenedFile): Promise<AuditFact[]> {
    this.#unsynced.clear();
    const { end, file = null } = await predecessor(this.#options.path, [
      this.#end,
      await this.#options.head?.read(),
    ]);
    this.#end = end;
    const format = AUDIT_FORMAT;
    if (end === undefined)
      return [this.#now({ type: 'genesis', chain: randomBytes(16).toString('hex'), format })];
    const continued = this.#now({ type: 'continued', chain: end.chain, after: file, format });
    return firstSeq === undefined ? [continued] : [continued, this.#now(cutAt(end))];
  }

  #now(fact: ChainFact): AuditFact {
    return { ...fact, at: new Date(this.#options.now()).toISOString() };
  }
}

function isCut(end: Head, expected: Head | undefined): expected is Head {
  if (expected === undefined) return false;
  if (expected.chain !== end.chain) return true;
  return expected.seq > end.seq || (expected.seq === end.seq && expected.hash !== end.hash);
}

/** What is missing here. */
function cutAt({ seq, hash, chain }: Head): ChainFact {
  return { type: 'cut', expectedSeq: seq, expectedHash: hash, expectedChain: chain };
}

function chainOf(fact: AuditFact): string | undefined {
  return fact.type === 'genesis' || fact.type === 'continued' ? fact.chain : undefined;
}

/** What was written in part is taken back where that is possible; where it is not, the next write says so. */
async function writeFully(handle: FileHandle, bytes: Buffer, from: number): Promise<void> {
  try {
    for (let written = 0; written < bytes.length;) {
      const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, null);
      if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'EIO' });
      written += bytesWritten;
    }
  } catch (error) {
    await handle.truncate(from).catch(() => undefined);
    throw error;
  }
}

function missing(error: unknown): undefined {
  if (errnoOf(error) === 'ENOENT') return undefined;
  throw error;
}

function foreign(file: string): StateError {
  const sentence = `${file} is no audit log of gatehouse: name another file with audit.file, or move this one away.`;
  return new StateError('unusable', sentence);
}

function newer(file: string): StateError {
  const sentence = `${file} was written by a newer version of gatehouse: run that version, or name another file with audit.file.`;
  return new StateError('newer', sentence);
}
