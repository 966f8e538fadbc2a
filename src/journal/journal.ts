import { readFile, rm } from 'node:fs/promises';
import { MAX_OUTBOX_OPERATIONS } from '../../contract/limits.js';
import { agentRestarted } from '../cloud/agent-restarted.js';
import type { StatusUpdate } from '../cloud/intake.js';
import type { StatusJournal } from '../cloud/status-journal.js';
import type { Claim, OperationJournal } from '../supervisor/operation-journal.js';
import { readContent, type FileContent } from './file-content.js';
import { JournalFile, type JournalLog, type JournalTexts } from './journal-file.js';
import { OperationTable, type JournalledOperation } from './operation-table.js';
import type { FinalRecord, OperationRecord } from './record.js';
import {
  journalGenerations,
  journalPath,
  prepareStateDirectory,
  setAside,
  syncDirectory,
} from './state-directory.js';
import { errnoOf, StateError } from './state-error.js';

/** Errors of a disk that may pass by themselves; the agent starts all the same and refuses operations meanwhile. */
const PASSING = ['ENOSPC', 'EDQUOT', 'EIO', 'ETIMEDOUT'];

/** What the journal says of its disk. */
export const JOURNAL_TEXTS: JournalTexts = {
  failing: 'the journal cannot be written: new operations are refused until it can',
  working: 'the journal can be written again',
  growing: 'the journal could not be rewritten; it grows',
};

/** What is known from earlier runs and other generations. */
export interface Recovered {
  /** Operations that must not be started again; oldest first. */
  readonly operations: readonly JournalledOperation[];
  /** Final statuses that the cloud may not have. */
  readonly finals: readonly StatusUpdate[];
}

/** What survives this process of the operations it works on. */
export interface Journal extends OperationJournal, StatusJournal {
  /** Recovers what earlier runs left and makes the journal ready. @throws StateError when that cannot be. */
  open(): Promise<Recovered>;
  /** What the elders have begun by now; before this generation takes over the intake. */
  elders(): Promise<readonly JournalledOperation[]>;
  /** Takes over what an elder, which has ended, left. */
  recover(generation: number): Promise<Recovered>;
  /** Writes what waits. Nothing may be appended any more. */
  close(): Promise<void>;
}

export interface JournalOptions {
  readonly directory: string;
  /** Number of this run: higher than that of every other journal in the directory. */
  readonly generation: number;
  /** Generations that are alive beside this one: their files are only read. */
  readonly elders: readonly number[];
  readonly log: JournalLog;
  /** Wall clock, in ms since 1970. */
  readonly now: () => number;
}

/**
 * The journal in the state directory, a file for each generation, each with a single writer.
 *
 *     claim --> [claimed] --> EXECUTING, dial ... settle --> [final] --> sent --> [acked]
 */
export class DiskJournal implements Journal {
  readonly #options: JournalOptions;
  readonly #elders: Set<number>;
  readonly #table = new OperationTable();
  readonly #file: JournalFile<OperationRecord>;
  /** Generations whose files are folded into ours and go once ours is on the disk. */
  readonly #folded = new Set<number>();

  constructor(options: JournalOptions) {
    const { directory, generation, elders, log, now } = options;
    this.#options = options;
    this.#elders = new Set(elders);
    this.#file = new JournalFile({
      directory,
      path: journalPath(directory, generation),
      generation,
      snapshot: () => this.#table.records(),
      live: () => this.#table.size,
      onWritten: (record) => this.#table.apply(record),
      onRewritten: () => this.#removeFolded(),
      log,
      texts: JOURNAL_TEXTS,
      now,
    });
  }

  async open(): Promise<Recovered> {
    const { directory } = this.#options;
    await prepareStateDirectory(directory);
    const dead = (await journalGenerations(directory)).filter((each) => !this.#elders.has(each));
    for (const generation of dead) await this.#fold(generation);
    this.#failUnfinished();
    await this.#file.rewrite();
    const { failure } = this.#file;
    if (failure !== undefined && !PASSING.includes(failure)) throw unusable(directory, failure);
    const operations = [...this.#table.operations(), ...(await this.elders())];
    return { operations, finals: this.#unsent() };
  }

  async elders(): Promise<readonly JournalledOperation[]> {
    const table = new OperationTable();
    for (const generation of this.#elders) {
      const content = await this.#read(generation);
      if (content?.kind === 'whole') for (const record of content.records) table.apply(record);
    }
    return [...table.operations()];
  }

  async recover(generation: number): Promise<Recovered> {
    this.#elders.delete(generation);
    const before = new Set(this.#unsent().map(({ operationId }) => operationId));
    const operations = await this.#fold(generation);
    this.#failUnfinished(operations);
    // What the elder left is in our file before its own goes.
    await this.#file.rewrite();
    const finals = this.#unsent().filter(({ operationId }) => !before.has(operationId));
    return { operations: operations.flatMap((id) => this.#table.get(id) ?? []), finals };
  }

  async claim({ operationId: id, deviceId: device, keyHash: key }: Claim): Promise<void> {
    if (this.#table.unsettled >= MAX_OUTBOX_OPERATIONS)
      throw new Error('it holds as many operations as it may');
    await this.#file.append({ type: 'claimed', id, device, key, at: this.#options.now() }, 'asked');
  }

  async settle(update: StatusUpdate): Promise<void> {
    const { operationId, deviceId, status, failureReason } = update;
    if (status === 'EXECUTING' || this.#table.get(operationId)?.final !== undefined) return;
    const reason = failureReason === undefined ? {} : { reason: failureReason };
    const key = this.#table.get(operationId)?.keyHash;
    const record: FinalRecord = {
      type: 'final',
      id: operationId,
      device: deviceId,
      status,
      ...reason,
      ...(key === undefined ? {} : { key }),
      at: this.#options.now(),
    };
    this.#table.apply(record);
    await this.#file.append(record, 'fact');
  }

  acked(operationId: string): void {
    if (this.#table.isSettled(operationId)) return;
    const record: OperationRecord = { type: 'acked', id: operationId, at: this.#options.now() };
    this.#table.apply(record);
    this.#table.forget(this.#options.now());
    this.#file.append(record, 'hint').catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #unsent(): StatusUpdate[] {
    return this.#table.open().flatMap(({ final }) => final ?? []);
  }

  /** They are not begun a second time: their key may be spent. */
  #failUnfinished(operations = this.#table.open().map(({ operationId }) => operationId)): void {
    for (const id of operations) {
      const operation = this.#table.get(id);
      if (operation === undefined || operation.final !== undefined) continue;
      this.#table.apply(failed(operation, this.#options.now()));
    }
  }

  /** Takes over what a dead generation's file says; gives the ids in it. @throws StateError when it is a newer one's. */
  async #fold(generation: number): Promise<string[]> {
    const { directory, log, now } = this.#options;
    const content = await this.#read(generation);
    if (content === undefined) return [];
    if (content.kind === 'damaged') {
      const keptAs = await setAside(directory, generation, now());
      const fields = { generation, offset: content.offset, keptAs };
      log.error(fields, 'the journal is damaged and set aside: what earlier runs left is not known');
      return [];
    }
    this.#folded.add(generation);
    if (content.kind === 'empty') return [];
    for (const record of content.records) this.#table.apply(record);
    this.#table.forget(now());
    return [...new Set(content.records.map(({ id }) => id))];
  }

  /** Undefined when there is no file. @throws StateError when it is a newer version's or cannot be read. */
  async #read(generation: number): Promise<Exclude<FileContent, { readonly kind: 'newer' }> | undefined> {
    const { directory } = this.#options;
    const file = journalPath(directory, generation);
    const bytes = await readFile(file).catch((error: unknown) => {
      const errno = errnoOf(error);
      if (errno === 'ENOENT') return undefined;
      // A disk that cannot give the file back has damaged it.
      if (errno === 'EIO') return Buffer.from('\n');
      throw unusable(file, errno ?? String(error));
    });
    if (bytes === undefined) return undefined;
    const content = readContent(bytes);
    if (content.kind !== 'newer') return content;
    const sentence = `${file} was written by a newer version of gatehouse (format ${content.format}): run that version, or move the file away and accept that what it left unfinished is failed.`;
    throw new StateError('newer', sentence);
  }

  async #removeFolded(): Promise<void> {
    const { directory, generation, log } = this.#options;
    const dead = [...this.#folded].filter((each) => each !== generation);
    this.#folded.clear();
    if (dead.length === 0) return;
    try {
      for (const each of dead) await rm(journalPath(directory, each), { force: true });
      await syncDirectory(directory);
    } catch (error) {
      // Harmless: what it says is in our file, and the next run folds it once more.
      log.warn({ cause: errnoOf(error), generations: dead }, 'an old journal could not be removed');
    }
  }
}

function failed(operation: JournalledOperation, at: number): FinalRecord {
  const { operationId: id, deviceId: device, keyHash: key } = operation;
  const { failureReason: reason = '' } = agentRestarted(id, device);
  return { type: 'final', id, device, status: 'FAILED', reason, ...(key === undefined ? {} : { key }), at };
}

function unusable(place: string, cause: string): StateError {
  const sentence = `${place} cannot be used (${cause}): give it to the user of the agent, writable, name another directory with state.directory, or set that to off.`;
  return new StateError('unusable', sentence);
}
