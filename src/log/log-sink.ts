import { writeSync, write } from 'node:fs';

/** Lines that wait for a destination that takes none. 10,000 lines are about 3 MB, and half a minute of a busy gateway. */
export const MAX_PENDING_LINES = 10_000;

/** Characters that wait, in all: lines can be long. */
export const MAX_PENDING_CHARACTERS = 8_388_608;

/** Pause before a failed write is tried again, in ms. A full disk is not freed sooner. */
const RETRY_MS = 1_000;

/** Pause when a pipe is full for the moment (EAGAIN), in ms. */
const AGAIN_MS = 20;

/** Characters that go into one write. */
const MAX_BATCH_CHARACTERS = 65_536;

/** Where lines end up; a file descriptor, or something in a test. */
export interface LogOutput {
  /** Writes as much of `bytes` as it can and tells how many bytes that were. */
  write(bytes: Buffer, done: (error: NodeJS.ErrnoException | null, written: number) => void): void;
  writeSync(bytes: Buffer): number;
}

/** An open file descriptor, for example 1. */
export function descriptorOutput(descriptor: number): LogOutput {
  return {
    write: (bytes, done) => write(descriptor, bytes, done),
    writeSync: (bytes) => writeSync(descriptor, bytes),
  };
}

/**
 * Hands lines on without ever failing: when the destination takes none (full disk, closed pipe), the newest lines
 * are kept up to a bound, the oldest are dropped and counted, and writing is tried again until it works. The first
 * line after that tells how many are missing.
 */
export class LogSink {
  readonly #output: LogOutput;
  readonly #lossLine: (dropped: number) => string;
  #pending: string[] = [];
  #pendingCharacters = 0;
  /** What is being written; kept until the destination has taken all of it. */
  #current: Buffer = Buffer.alloc(0);
  #isWriting = false;
  #retry: NodeJS.Timeout | undefined;
  #dropped = 0;
  #toldDropped = 0;
  #onIdle: () => void = () => undefined;

  /** @param lossLine the line that tells of lost lines, with its line break. */
  constructor(output: LogOutput, lossLine: (dropped: number) => string) {
    this.#output = output;
    this.#lossLine = lossLine;
  }

  /** Lines that were lost since the start, for `gatehouse_log_dropped_total`. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Lines that wait. */
  get pending(): number {
    return this.#pending.length;
  }

  /** Takes one line with its line break; never throws, never waits. */
  write(line: string): void {
    this.#pending.push(line);
    this.#pendingCharacters += line.length;
    while (this.#pending.length > MAX_PENDING_LINES || this.#pendingCharacters > MAX_PENDING_CHARACTERS) {
      this.#dropOldest();
    }
    if (this.#retry === undefined) this.#pump();
  }

  /** Resolves when everything is written, or after `limitMs`: at an orderly end, so that flushSync repeats nothing. */
  async flush(limitMs: number): Promise<void> {
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Writes what waits before it returns; for the last moments of the process. What cannot be written stays. */
  flushSync(): void {
    // A write under way cannot be called back; its bytes are then written twice rather than lost.
    for (let attempts = 0; attempts < MAX_PENDING_LINES; attempts++) {
      if (!this.#fill()) return;
      try {
        this.#current = this.#current.subarray(this.#output.writeSync(this.#current));
      } catch {
        return;
      }
    }
  }

  #pump(): void {
    if (this.#isWriting || !this.#fill()) return;
    this.#isWriting = true;
    const written = this.#current;
    this.#output.write(written, (error, count) => {
      this.#isWriting = false;
      // flushSync may have gone on from here in the meantime.
      if (this.#current === written) this.#current = written.subarray(error === null ? count : 0);
      if (error === null) this.#pump();
      else this.#tryLater(error.code === 'EAGAIN' ? AGAIN_MS : RETRY_MS);
      if (this.#isIdle()) this.#onIdle();
    });
  }

  #isIdle(): boolean {
    return !this.#isWriting && this.#current.length === 0 && this.#pending.length === 0;
  }

  /** Puts waiting lines into `#current` if that is empty; false when there is nothing to write. */
  #fill(): boolean {
    if (this.#current.length > 0) return true;
    if (this.#pending.length === 0) return false;
    let count = 0;
    let characters = 0;
    while (count < this.#pending.length && characters < MAX_BATCH_CHARACTERS) {
      characters += this.#pending[count]?.length ?? 0;
      count++;
    }
    const lines = this.#pending.splice(0, count);
    this.#pendingCharacters -= characters;
    const lost = this.#dropped - this.#toldDropped;
    if (lost > 0) lines.unshift(this.#lossLine(lost));
    this.#toldDropped = this.#dropped;
    this.#current = Buffer.from(lines.join(''));
    return true;
  }

  #tryLater(delayMs: number): void {
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#pump();
    }, delayMs);
    this.#retry.unref();
  }

  #dropOldest(): void {
    const oldest = this.#pending.shift();
    this.#pendingCharacters -= oldest?.length ?? 0;
    this.#dropped++;
  }
}
