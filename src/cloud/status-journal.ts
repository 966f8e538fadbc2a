import type { StatusUpdate } from './intake.js';

/** What the outbox needs of a journal, so that a final status survives the process. */
export interface StatusJournal {
  /** Resolves when the final status is on the disk; only then is it sent. Rejects when the disk does not take it. */
  settle(update: StatusUpdate): Promise<void>;
  /** The cloud has the operation's final status, or will never take it. */
  acked(operationId: string): void;
}
