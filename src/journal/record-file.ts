import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { encodeRecord, JOURNAL_FORMAT } from './record.js';
import { syncDirectory } from './state-directory.js';

/** Bytes of one write while a file is rewritten; between two of them the event loop is free. */
const REWRITE_CHUNK_BYTES = 65_536;

export interface RecordFileOptions {
  readonly directory: string;
  readonly path: string;
  readonly generation: number;
  /** Wall clock, in ms since 1970. */
  readonly now: () => number;
  /** Replaces the real file; for tests. */
  readonly openFile?: typeof open;
}

/** The bytes of a journal on the disk, for one caller at a time. After an error the next write makes it whole again. */
export class RecordFile {
  readonly #options: RecordFileOptions;
  #handle: FileHandle | undefined;
  /** Bytes of the file that are good. */
  #bytes = 0;
  #sequence = 0;
  /** There may be something behind the good bytes. */
  #isTorn = false;

  constructor(options: RecordFileOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Records in the file, with the header. */
  get records(): number {
    return this.#sequence;
  }

  /** Writes records at the end; `isSynced`: on the disk when it resolves. @throws Error with an errno. */
  async append(records: readonly object[], isSynced: boolean): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) throw Object.assign(new Error('the journal is closed'), { code: 'EBADF' });
    if (this.#isTorn) await handle.truncate(this.#bytes);
    const lines = records.map((record, index) => encodeRecord(this.#sequence + index, record));
    const bytes = Buffer.from(lines.join(''));
    this.#isTorn = true;
    await writeFully(handle, bytes, this.#bytes);
    if (isSynced) await handle.datasync();
    this.#isTorn = false;
    this.#bytes += bytes.length;
    this.#sequence += records.length;
  }

  /**
   * Writes a new file with these records and puts it in the place of the old one, which stays as it is until then.
   * @throws Error with an errno.
   */
  async rewrite(records: Iterable<object>): Promise<void> {
    const { path: name, directory, generation, now, openFile = open } = this.#options;
    const newName = `${name}.new`;
    const handle = await openFile(newName, 'w', 0o600);
    try {
      const header = { type: 'header', format: JOURNAL_FORMAT, generation, at: now() } as const;
      const { bytes, sequence } = await writeSnapshot(handle, encodeRecord(0, header), records);
      await handle.sync();
      await rename(newName, name);
      const old = this.#handle;
      [this.#handle, this.#bytes, this.#sequence, this.#isTorn] = [handle, bytes, sequence, false];
      await old?.close().catch(() => undefined);
    } catch (error) {
      await handle.close().catch(() => undefined);
      await rm(newName, { force: true }).catch(() => undefined);
      throw error;
    }
    await syncDirectory(directory);
  }

  async close(): Promise<void> {
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
  }
}

async function writeSnapshot(
  handle: FileHandle,
  header: string,
  records: Iterable<object>,
): Promise<{ bytes: number; sequence: number }> {
  let [bytes, sequence, chunk] = [0, 1, header];
  const flush = async (): Promise<void> => {
    const buffer = Buffer.from(chunk);
    chunk = '';
    await writeFully(handle, buffer, bytes);
    bytes += buffer.length;
  };
  for (const record of records) {
    chunk += encodeRecord(sequence, record);
    sequence += 1;
    if (chunk.length >= REWRITE_CHUNK_BYTES) await flush();
  }
  await flush();
  return { bytes, sequence };
}

/** A write may take less than it was given when the disk is nearly full. */
async function writeFully(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'EIO' });
    written += bytesWritten;
  }
}
