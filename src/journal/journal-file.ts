import path from 'node:path';
import { MAX_OUTBOX_OPERATIONS } from '../../contract/limits.js';
import { causeOf, GroupCommit, type Weight } from './group-commit.js';
import { RecordFile, type RecordFileOptions } from './record-file.js';

/** A file below this is not rewritten, in bytes: reading it at the next start takes a few milliseconds. */
const MIN_REWRITE_BYTES = 1_048_576;

export interface JournalFileOptions<R extends object> extends RecordFileOptions {
  /** One record for each thing that is to be kept: what a rewritten file holds. */
  readonly snapshot: () => Iterable<R>;
  /** How many records that would be. */
  readonly live: () => number;
  /** The record is written, and on the disk if that was asked for. Called before anybody who waits for it goes on. */
  readonly onWritten: (record: R) => void;
  /** The file holds the whole snapshot, under its name. */
  readonly onRewritten: () => Promise<void>;
  readonly log: JournalLog;
  readonly texts: JournalTexts;
  /** Longest time anybody waits for the disk, in ms; for tests. */
  readonly waitMs?: number;
}

/** What is said of the disk. */
export interface JournalTexts {
  readonly failing: string;
  readonly working: string;
  readonly growing: string;
}

export interface JournalLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The append-only file of a journal: group commits, and rewritten once most of it is of no use any more. */
export class JournalFile<R extends object> {
  readonly #options: JournalFileOptions<R>;
  readonly #file: RecordFile;
  readonly #commit: GroupCommit<R>;
  /** The file lacks something that only a rewrite brings. */
  #isIncomplete = true;
  #bytesWhenRewritten = 0;

  constructor(options: JournalFileOptions<R>) {
    const { log, texts, waitMs } = options;
    this.#options = options;
    this.#file = new RecordFile(options);
    this.#commit = new GroupCommit({
      write: (records, isSynced) => this.#write(records, isSynced),
      keep: (backlog, record) => this.#keep(backlog, record),
      onFailing: (cause) => log.error({ cause, file: path.basename(options.path) }, texts.failing),
      onWorking: () => log.info({}, texts.working),
      waitMs,
    });
  }

  /** The errno of the last write while the disk does not take what is written. */
  get failure(): string | undefined {
    return this.#commit.failure;
  }

  /**
   * Writes the file anew, from the snapshot. A disk that does not take it is `failure` then, and every later write
   * tries this first.
   */
  async rewrite(): Promise<void> {
    this.#isIncomplete = true;
    await this.#commit.retry();
  }

  /**
   * Resolves when the record is on the disk (`hint`: when it is written). @throws Error with the errno as `code`;
   * `ETIMEDOUT` when the disk does not answer.
   */
  append(record: R, weight: Weight): Promise<void> {
    return this.#commit.append(record, weight);
  }

  /** Writes what waits and closes the file; takes as long as the disk does. */
  async close(): Promise<void> {
    await this.#commit.close();
    await this.#file.close();
  }

  async #write(records: readonly R[], isSynced: boolean): Promise<boolean> {
    const isRewritten = await this.#rewriteIfDue();
    if (records.length > 0) await this.#file.append(records, isSynced);
    for (const record of records) this.#options.onWritten(record);
    return isRewritten || records.length > 0;
  }

  /** True when the file was rewritten. @throws Error when it had to be and could not. */
  async #rewriteIfDue(): Promise<boolean> {
    const wasIncomplete = this.#isIncomplete;
    if (!wasIncomplete && !this.#isMostlyDead()) return false;
    // What is decided while the snapshot is read may be missing in it, so from here it counts as not written.
    this.#isIncomplete = false;
    try {
      await this.#file.rewrite(this.#options.snapshot());
    } catch (error) {
      this.#isIncomplete ||= wasIncomplete;
      if (wasIncomplete) throw error;
      // The old file is still good when there is no room for a second one.
      this.#bytesWhenRewritten = this.#file.bytes;
      this.#options.log.warn({ cause: causeOf(error) }, this.#options.texts.growing);
      return false;
    }
    this.#bytesWhenRewritten = this.#file.bytes;
    await this.#options.onRewritten();
    return true;
  }

  #isMostlyDead(): boolean {
    const grownBytes = this.#file.bytes - this.#bytesWhenRewritten;
    if (grownBytes < Math.max(MIN_REWRITE_BYTES, this.#bytesWhenRewritten)) return false;
    return this.#file.records > 2 * this.#options.live();
  }

  /** Too much of it, and the next write is a rewrite, which brings everything. */
  #keep(backlog: R[], record: R): R[] {
    if (this.#isIncomplete) return backlog;
    backlog.push(record);
    if (backlog.length <= MAX_OUTBOX_OPERATIONS) return backlog;
    this.#isIncomplete = true;
    return [];
  }
}
