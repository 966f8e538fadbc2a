import path from 'node:path';
import type { open } from 'node:fs/promises';
import { MAX_AUDIT_BACKLOG } from '../../contract/limits.js';
import { GroupCommit, type Weight } from '../journal/group-commit.js';
import type { JournalLog } from '../journal/journal-file.js';
import { errnoOf, StateError } from '../journal/state-error.js';
import { AuditFile } from './audit-file.js';
import type { AuditFact, StatedFact } from './fact.js';
import { headPath, HeadFile, type Head } from './head.js';

export interface AuditLogOptions {
  readonly path: string;
  /** Where the newest record's place is kept apart from the log; undefined = nowhere. */
  readonly stateDirectory: string | undefined;
  readonly log: JournalLog;
  /** The clock that records go by, in ms since 1970. */
  readonly now: () => number;
  /** The rest is for tests. */
  readonly maxBytes?: number;
  readonly openFile?: typeof open;
  readonly waitMs?: number;
  readonly retryMs?: number;
}

/** Errors of a disk that may pass by themselves. */
const PASSING = ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'ETIMEDOUT'];

/** What is seen of the log from outside. */
export interface AuditState {
  /** Bytes of the file that is written. */
  readonly bytes: number;
  /** Records that are not on the disk yet. */
  readonly pending: number;
  /** Age of the oldest of them, in ms. */
  readonly lagMs: number;
  /** Writes that failed. */
  readonly failures: number;
}

/**
 * The audit log: what happens is stated here, and is on the disk when the promise resolves.
 *
 *     record --> [what others state at the same time] --> lock, append, one sync --> its place in the chain
 */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #head: HeadFile | undefined;
  readonly #file: AuditFile;
  readonly #commit: GroupCommit<AuditFact>;
  readonly #places = new WeakMap<AuditFact, Head>();
  /** Facts that there was no room to keep. */
  #lost = 0;

  constructor(options: AuditLogOptions) {
    const { log, stateDirectory, now, waitMs, retryMs } = options;
    const file = path.basename(options.path);
    this.#options = options;
    this.#head =
      stateDirectory === undefined
        ? undefined
        : new HeadFile(headPath(stateDirectory, options.path), options.path);
    this.#file = new AuditFile({
      ...options,
      head: this.#head,
      now,
      onRotated: (name) => log.info({ file: name }, 'the audit log goes on in a new file'),
    });
    this.#commit = new GroupCommit({
      write: (records) => this.#write(records),
      keep: (backlog, fact) => this.#keep(backlog, fact),
      onFailing: (cause) =>
        log.error({ cause, file }, 'the audit log cannot be written: new sessions are refused until it can'),
      onWorking: () => log.info({ file }, 'the audit log can be written again'),
      waitMs,
      retryMs,
    });
  }

  get state(): AuditState {
    const { oldest } = this.#commit;
    return {
      bytes: this.#file.bytes,
      pending: this.#commit.pending,
      lagMs: oldest === undefined ? 0 : Math.max(0, this.#options.now() - Date.parse(oldest.at)),
      failures: this.#commit.failures,
    };
  }

  /**
   * Sees to it that the file can be used. A disk that is full or broken is no reason not to start: sessions are refused
   * until it works. @throws StateError with what to change.
   */
  async check(): Promise<void> {
    try {
      await this.#file.check();
    } catch (error) {
      const errno = errnoOf(error) ?? String(error);
      if (error instanceof StateError) throw error;
      if (!PASSING.includes(errno)) throw unusable(this.#options.path, errno);
      this.#options.log.error({ cause: errno }, 'the audit log cannot be opened yet');
    }
  }

  /**
   * Writes a fact, with the time of now; resolves when it is on the disk. `asked`: it is forgotten when it cannot be
   * written; `fact`: it is written later then. @throws Error with the errno as `code`.
   */
  async record(stated: StatedFact, weight: Exclude<Weight, 'hint'>): Promise<Head> {
    const fact: AuditFact = { ...stated, at: new Date(this.#options.now()).toISOString() };
    await this.#commit.append(fact, weight);
    const place = this.#places.get(fact);
    if (place === undefined) throw new Error('the record has no place');
    return place;
  }

  /** Writes what waits, and closes the file. */
  async close(): Promise<void> {
    await this.#commit.retry();
    await this.#commit.close();
    await this.#file.close();
    await this.#head?.close();
  }

  /** Marks the log as one in which no session is open; the next record takes that back. */
  async settle(): Promise<void> {
    const head = await this.#head?.read();
    if (head !== undefined) await this.#head?.write(head, true);
  }

  async #write(records: readonly AuditFact[]): Promise<boolean> {
    if (records.length === 0) return false;
    const lost = this.#lost;
    const at = new Date(this.#options.now()).toISOString();
    const gap: AuditFact[] = lost === 0 ? [] : [{ type: 'lost', count: lost, at }];
    const places = await this.#file.append([...gap, ...records]);
    for (const [fact, place] of places) this.#places.set(fact, place);
    this.#lost -= lost;
    return true;
  }

  #keep(backlog: AuditFact[], fact: AuditFact): AuditFact[] {
    backlog.push(fact);
    if (backlog.length <= MAX_AUDIT_BACKLOG) return backlog;
    this.#lost += 1;
    return backlog.slice(1);
  }
}

function unusable(file: string, cause: string): StateError {
  const sentence = `The audit log ${file} cannot be used (${cause}): give its directory to the user of the agent, name another file with audit.file, or set that to off.`;
  return new StateError('unusable', sentence);
}
