import type { JournalLog } from './journal-file.js';
import { DiskJournal, type Journal } from './journal.js';
import { MemoryJournal } from './memory-journal.js';

export interface CreateJournalOptions {
  /** The state directory; undefined = in memory only. */
  readonly directory: string | undefined;
  /** Number of this run. Default 1. */
  readonly generation?: number;
  /** Generations that are alive beside this one. Default none. */
  readonly elders?: readonly number[];
  readonly log: JournalLog;
}

/** The journal that the configuration asks for; its open() comes first. */
export function createJournal({
  directory,
  generation = 1,
  elders = [],
  log,
}: CreateJournalOptions): Journal {
  if (directory === undefined) return new MemoryJournal();
  return new DiskJournal({ directory, generation, elders, log, now: () => Date.now() });
}
