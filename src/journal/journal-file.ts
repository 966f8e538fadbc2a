import path from 'node:path';
import { JOURNAL_WAIT_MS, MAX_OUTBOX_OPERATIONS } from '../../contract/limits.js';
import type { OperationRecord } from './record.js';
import { RecordFile, type RecordFileOptions } from './record-file.js';
import { errnoOf } from './state-error.js';

/** Records in one write. A thousand of some 200 bytes are one write that any disk takes at once. */
const MAX_BATCH_RECORDS = 1_000;

/** A file below this is not rewritten, in bytes: reading it at the next start takes a few milliseconds. */
const MIN_REWRITE_BYTES = 1_048_576;

/** How often a disk that failed is tried again when nothing else asks for it, in ms. */
const RETRY_MS = 5_000;

export interface JournalFileOptions extends RecordFileOptions {
  /** One record for each operation that is to be kept: what a rewritten file holds. */
  readonly snapshot: () => Iterable<OperationRecord>;
  /** How many records that would be. */
  readonly live: () => number;
  /** The record is written, and on the disk if that was asked for. Called before anybody who waits for it goes on. */
  readonly onWritten: (record: OperationRecord) => void;
  /** The file holds the whole snapshot, under its name. */
  readonly onRewritten: () => Promise<void>;
  readonly log: JournalLog;
  /** Longest time anybody waits for the disk, in ms; for tests. */
  readonly waitMs?: number;
}

export interface JournalLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** How much a record matters. */
export type Weight =
  /** Forgotten when it cannot be written: whoever waits for it does without. */
  | 'asked'
  /** On the disk before its caller goes on; when that fails it is written later. */
  | 'fact'
  /** Written when something else is; nobody waits for the disk. */
  | 'hint';

interface Waiting {
  readonly record: OperationRecord;
  readonly weight: Weight;
  readonly done: (error?: Error) => void;
}

/**
 * The append-only file: what comes in while one write is under way goes out together in the next, with one sync.
 *
 *     append --> waiting --> [batch] --> write + fdatasync --> onWritten, done
 *                  ^------ backlog: facts of a batch that failed
 */
export class JournalFile {
  readonly #options: JournalFileOptions;
  readonly #file: RecordFile;
  #waiting: Waiting[] = [];
  /** Facts and hints that could not be written. */
  #backlog: OperationRecord[] = [];
  /** The file lacks something that only a rewrite brings. */
  #isIncomplete = true;
  #bytesWhenRewritten = 0;
  #running: Promise<void> | undefined;
  #failure: string | undefined;
  /** The disk has not answered for longer than anybody waits. */
  #isStuck = false;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: JournalFileOptions) {
    this.#options = options;
    this.#file = new RecordFile(options);
  }

  /** The errno of the last write while the disk does not take what is written. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /**
   * Writes the file anew, from the snapshot. A disk that does not take it is `failure` then, and every later write
   * tries this first.
   */
  async rewrite(): Promise<void> {
    this.#isIncomplete = true;
    // A run that is under way may be past the point where it looks.
    await this.#running;
    this.#run();
    await this.#running;
  }

  /**
   * Resolves when the record is on the disk (`hint`: when it is written). @throws Error with the errno as `code`;
   * `ETIMEDOUT` when the disk does not answer.
   */
  append(record: OperationRecord, weight: Weight): Promise<void> {
    if (this.#isClosed || this.#isStuck) {
      if (weight !== 'asked') this.#later(record);
      return Promise.reject(this.#isClosed ? closed() : this.#unanswered());
    }
    return new Promise((resolve, reject) => {
      const done = (error?: Error): void => (error === undefined ? resolve() : reject(error));
      this.#waiting.push({ record, weight, done });
      this.#run();
    });
  }

  /** Writes what waits and closes the file; takes as long as the disk does. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    while (this.#running !== undefined) await this.#running;
    await this.#file.close();
  }

  #run(): void {
    this.#running ??= this.#writeAll().finally(() => {
      this.#running = undefined;
      // Whoever was waiting for the last batch may have asked for more already.
      if (this.#waiting.length > 0) this.#run();
    });
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    // Whatever else comes in during this turn of the event loop goes with the first batch.
    await Promise.resolve();
    do await this.#writeBatch(this.#waiting.splice(0, MAX_BATCH_RECORDS));
    while (this.#waiting.length > 0);
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    const backlog = this.#backlog;
    this.#backlog = [];
    const stuck = setTimeout(() => this.#onStuck(batch), this.#waitMs);
    try {
      const isRewritten = await this.#rewriteIfDue();
      const records = [...backlog, ...batch.map(({ record }) => record)];
      const isHint = backlog.length === 0 && batch.every(({ weight }) => weight === 'hint');
      if (records.length > 0) await this.#file.append(records, !isHint);
      for (const record of records) this.#options.onWritten(record);
      // A try with nothing to write tells nothing of the disk.
      if (isRewritten || records.length > 0) this.#onWorks();
      for (const { done } of batch) done();
    } catch (error) {
      for (const record of backlog) this.#later(record);
      for (const { record, weight } of batch) if (weight !== 'asked') this.#later(record);
      this.#onFails(error);
      for (const { done } of batch) done(asError(error));
    } finally {
      clearTimeout(stuck);
      this.#isStuck = false;
    }
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
      this.#options.log.warn({ cause: causeOf(error) }, 'the journal could not be rewritten; it grows');
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

  /** Kept for the next write; too much of it, and the next write is a rewrite, which brings everything. */
  #later(record: OperationRecord): void {
    if (this.#isIncomplete) return;
    this.#backlog.push(record);
    if (this.#backlog.length <= MAX_OUTBOX_OPERATIONS) return;
    this.#backlog = [];
    this.#isIncomplete = true;
  }

  /** Nobody waits any longer; what is under way goes on by itself. */
  #onStuck(batch: readonly Waiting[]): void {
    this.#isStuck = true;
    this.#onFails(this.#unanswered());
    for (const { record, weight } of this.#waiting) if (weight !== 'asked') this.#later(record);
    for (const { done } of [...batch, ...this.#waiting]) done(this.#unanswered());
    this.#waiting = [];
  }

  #onFails(error: unknown): void {
    if (this.#failure === undefined) {
      const fields = { cause: causeOf(error), file: path.basename(this.#options.path) };
      this.#options.log.error(
        fields,
        'the journal cannot be written: new operations are refused until it can',
      );
    }
    this.#failure = causeOf(error);
    clearTimeout(this.#retry);
    if (this.#isClosed) return;
    this.#retry = setTimeout(() => this.#run(), RETRY_MS).unref();
  }

  #onWorks(): void {
    clearTimeout(this.#retry);
    if (this.#failure !== undefined) this.#options.log.info({}, 'the journal can be written again');
    this.#failure = undefined;
  }

  get #waitMs(): number {
    return this.#options.waitMs ?? JOURNAL_WAIT_MS;
  }

  #unanswered(): Error {
    const message = `the disk did not answer within ${this.#waitMs / 1000} s`;
    return Object.assign(new Error(message), { code: 'ETIMEDOUT' });
  }
}

function closed(): Error {
  return Object.assign(new Error('the journal is closed'), { code: 'EBADF' });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function causeOf(error: unknown): string {
  return errnoOf(error) ?? asError(error).message;
}
