import { readFile, rm } from 'node:fs/promises';
import type { CloudEvent, EventJournal } from '../cloud/event.js';
import { readRecordsOf } from './file-content.js';
import { JournalFile, type JournalLog, type JournalTexts } from './journal-file.js';
import { journalGenerations, journalPath, setAside, syncDirectory } from './state-directory.js';
import { errnoOf } from './state-error.js';

const KIND = 'events';

const TEXTS: JournalTexts = {
  failing: 'events for the cloud cannot be kept on the disk: those that wait are lost if the agent ends',
  working: 'events for the cloud are kept on the disk again',
  growing: 'the file of events could not be rewritten; it grows',
};

/** An event that waits for the cloud. */
interface QueuedRecord {
  readonly type: 'event';
  readonly id: string;
  readonly event: CloudEvent;
}

/** It waits no more. */
interface SettledRecord {
  readonly type: 'settled';
  readonly id: string;
}

type EventRecord = QueuedRecord | SettledRecord;

export interface EventJournalOptions {
  /** The state directory. */
  readonly directory: string;
  readonly generation: number;
  /** Generations that are alive beside this one: their events are left to them. */
  readonly elders: readonly number[];
  readonly log: JournalLog;
  /** Wall clock, in ms since 1970. */
  readonly now: () => number;
}

/** Events that wait for the cloud, in a file for each generation beside its journal of operations. */
export class DiskEventJournal implements EventJournal {
  readonly #options: EventJournalOptions;
  readonly #elders: Set<number>;
  readonly #waiting = new Map<string, CloudEvent>();
  readonly #file: JournalFile<EventRecord>;
  readonly #folded = new Set<number>();

  constructor(options: EventJournalOptions) {
    const { directory, generation, elders, log, now } = options;
    this.#options = options;
    this.#elders = new Set(elders);
    this.#file = new JournalFile<EventRecord>({
      directory,
      path: journalPath(directory, generation, KIND),
      generation,
      snapshot: () => [...this.#waiting.values()].map(queued),
      live: () => this.#waiting.size,
      onWritten: () => undefined,
      onRewritten: () => this.#removeFolded(),
      log,
      texts: TEXTS,
      now,
    });
  }

  /** Gives the events that earlier runs left; the state directory must be there. */
  async open(): Promise<readonly CloudEvent[]> {
    const { directory } = this.#options;
    const generations = await journalGenerations(directory, KIND).catch(() => []);
    for (const generation of generations) if (!this.#elders.has(generation)) await this.#fold(generation);
    await this.#file.rewrite();
    return [...this.#waiting.values()];
  }

  /** Gives the events that an elder, which has ended, left. */
  async recover(generation: number): Promise<readonly CloudEvent[]> {
    this.#elders.delete(generation);
    const before = new Set(this.#waiting.keys());
    await this.#fold(generation);
    await this.#file.rewrite();
    return [...this.#waiting.values()].filter(({ id }) => !before.has(id));
  }

  async queue(event: CloudEvent): Promise<void> {
    this.#waiting.set(event.id, event);
    await this.#file.append(queued(event), 'fact');
  }

  settled(id: string): void {
    if (!this.#waiting.delete(id)) return;
    this.#file.append({ type: 'settled', id }, 'hint').catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Takes over what a dead generation's file says; what cannot be read is set aside. */
  async #fold(generation: number): Promise<void> {
    const { directory, log, now } = this.#options;
    try {
      const bytes = await readFile(journalPath(directory, generation, KIND)).catch((error: unknown) => {
        if (errnoOf(error) === 'ENOENT') return undefined;
        throw error;
      });
      if (bytes === undefined) return;
      const content = readRecordsOf(bytes, asEventRecord);
      if (content.kind === 'damaged' || content.kind === 'newer') {
        const keptAs = await setAside(directory, generation, now(), KIND);
        log.error({ generation, keptAs }, 'events for the cloud cannot be read and are set aside');
        return;
      }
      this.#folded.add(generation);
      if (content.kind === 'whole') for (const record of content.records) this.#apply(record);
    } catch (error) {
      log.error({ cause: errnoOf(error), generation }, 'events of an earlier run cannot be read');
    }
  }

  #apply(record: EventRecord): void {
    if (record.type === 'event') this.#waiting.set(record.id, record.event);
    else this.#waiting.delete(record.id);
  }

  async #removeFolded(): Promise<void> {
    const { directory, generation } = this.#options;
    const dead = [...this.#folded].filter((each) => each !== generation);
    this.#folded.clear();
    if (dead.length === 0) return;
    // Those that stay are folded once more at the next start, and the cloud is asked before anything is sent again.
    for (const each of dead)
      await rm(journalPath(directory, each, KIND), { force: true }).catch(() => undefined);
    await syncDirectory(directory).catch(() => undefined);
  }
}

function queued(event: CloudEvent): QueuedRecord {
  return { type: 'event', id: event.id, event };
}

function asEventRecord(value: object | undefined): EventRecord | undefined {
  if (value === undefined || !('type' in value) || !('id' in value) || typeof value.id !== 'string')
    return undefined;
  if (value.type === 'settled') return { type: 'settled', id: value.id };
  if (value.type !== 'event' || !('event' in value) || !isEvent(value.event)) return undefined;
  return { type: 'event', id: value.id, event: value.event };
}

function isEvent(value: unknown): value is CloudEvent {
  if (typeof value !== 'object' || value === null) return false;
  const texts = ['id', 'deviceId', 'type', 'time', 'text'] as const;
  const fields = value as Readonly<Record<string, unknown>>;
  const { facts, doubtfulSince } = fields;
  const isSince = doubtfulSince === undefined || typeof doubtfulSince === 'string';
  return texts.every((name) => typeof fields[name] === 'string') && typeof facts === 'object' && isSince;
}
