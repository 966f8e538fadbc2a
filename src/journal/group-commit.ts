import { JOURNAL_WAIT_MS } from '../../contract/limits.js';
import { errnoOf } from './state-error.js';

/** Records in one write. A thousand of some 200 bytes are one write that any disk takes at once. */
const MAX_BATCH_RECORDS = 1_000;

/** How often a disk that failed is tried again when nothing else asks for it, in ms. */
const RETRY_MS = 5_000;

/** How much a record matters. */
export type Weight =
  /** Forgotten when it cannot be written: whoever waits for it does without. */
  | 'asked'
  /** On the disk before its caller goes on; when that fails it is written later. */
  | 'fact'
  /** Written when something else is; nobody waits for the disk. */
  | 'hint';

export interface GroupCommitOptions<R> {
  /**
   * Writes the records in this order, all of them or none; `isSynced`: they are on the disk when it resolves. Called
   * with none when the disk is tried again. True when anything was tried. @throws Error with an errno.
   */
  readonly write: (records: readonly R[], isSynced: boolean) => Promise<boolean>;
  /** Keeps a record that could not be written for the next write. */
  readonly keep: (backlog: R[], record: R) => R[];
  /** The disk does not take what is written any more; once until it does again. */
  readonly onFailing: (cause: string) => void;
  readonly onWorking: () => void;
  /** Longest time anybody waits for the disk, in ms; for tests. */
  readonly waitMs?: number | undefined;
  /** As RETRY_MS; for tests. */
  readonly retryMs?: number | undefined;
}

interface Waiting<R> {
  readonly record: R;
  readonly weight: Weight;
  readonly done: (error?: Error) => void;
}

/**
 * Many appends, few syncs: what comes in while one write is under way goes out together in the next.
 *
 *     append --> waiting --> [batch] --> write + sync --> done
 *                  ^------ backlog: facts of a batch that failed
 */
export class GroupCommit<R> {
  readonly #options: GroupCommitOptions<R>;
  #waiting: Waiting<R>[] = [];
  /** Facts and hints that could not be written. */
  #backlog: R[] = [];
  /** What is being written. */
  #underWay: readonly R[] = [];
  #running: Promise<void> | undefined;
  #failure: string | undefined;
  #failures = 0;
  /** The disk has not answered for longer than anybody waits. */
  #isStuck = false;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: GroupCommitOptions<R>) {
    this.#options = options;
  }

  /** The errno of the last write while the disk does not take what is written. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Records that are not on the disk yet. */
  get pending(): number {
    return this.#underWay.length + this.#backlog.length + this.#waiting.length;
  }

  /** The one of them that waits for longest. */
  get oldest(): R | undefined {
    return this.#underWay[0] ?? this.#backlog[0] ?? this.#waiting[0]?.record;
  }

  /** Writes that failed. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * Resolves when the record is on the disk (`hint`: when it is written). @throws Error with the errno as `code`;
   * `ETIMEDOUT` when the disk does not answer.
   */
  append(record: R, weight: Weight): Promise<void> {
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

  /** Writes what could not be written, as soon as what is under way is done. */
  async retry(): Promise<void> {
    // A run that is under way may be past the point where it looks.
    await this.#running;
    this.#run();
    await this.#running;
  }

  /** Writes what waits; takes as long as the disk does. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    while (this.#running !== undefined) await this.#running;
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

  async #writeBatch(batch: readonly Waiting<R>[]): Promise<void> {
    const backlog = this.#backlog;
    this.#backlog = [];
    const stuck = setTimeout(() => this.#onStuck(batch), this.#waitMs);
    try {
      const records = [...backlog, ...batch.map(({ record }) => record)];
      this.#underWay = records;
      const isHint = backlog.length === 0 && batch.every(({ weight }) => weight === 'hint');
      // A try with nothing to write tells nothing of the disk.
      if (await this.#options.write(records, !isHint)) this.#onWorks();
      for (const { done } of batch) done();
    } catch (error) {
      for (const record of backlog) this.#later(record);
      for (const { record, weight } of batch) if (weight !== 'asked') this.#later(record);
      this.#onFails(error);
      for (const { done } of batch) done(asError(error));
    } finally {
      clearTimeout(stuck);
      this.#underWay = [];
      this.#isStuck = false;
    }
  }

  #later(record: R): void {
    this.#backlog = this.#options.keep(this.#backlog, record);
  }

  /** Nobody waits any longer; what is under way goes on by itself. */
  #onStuck(batch: readonly Waiting<R>[]): void {
    this.#isStuck = true;
    this.#onFails(this.#unanswered());
    for (const { record, weight } of this.#waiting) if (weight !== 'asked') this.#later(record);
    for (const { done } of [...batch, ...this.#waiting]) done(this.#unanswered());
    this.#waiting = [];
  }

  #onFails(error: unknown): void {
    if (this.#failure === undefined) this.#options.onFailing(causeOf(error));
    this.#failure = causeOf(error);
    this.#failures += 1;
    clearTimeout(this.#retry);
    if (this.#isClosed) return;
    this.#retry = setTimeout(() => this.#run(), this.#options.retryMs ?? RETRY_MS).unref();
  }

  #onWorks(): void {
    clearTimeout(this.#retry);
    if (this.#failure !== undefined) this.#options.onWorking();
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

/** The errno of an error, else what it says. */
export function causeOf(error: unknown): string {
  return errnoOf(error) ?? asError(error).message;
}

function closed(): Error {
  return Object.assign(new Error('the file is closed'), { code: 'EBADF' });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
