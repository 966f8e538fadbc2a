import type { Journal, Recovered } from './journal.js';

/** For `state.directory: off`: nothing survives, and nothing waits for a disk. */
export class MemoryJournal implements Journal {
  open(): Promise<Recovered> {
    return Promise.resolve({ operations: [], finals: [] });
  }

  elders(): Promise<[]> {
    return Promise.resolve([]);
  }

  recover(): Promise<Recovered> {
    return this.open();
  }

  claim(): Promise<void> {
    return Promise.resolve();
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  acked(): void {
    // Nobody would read it.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
