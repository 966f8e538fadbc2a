import type { Socket } from 'node:net';
import type { RingSource } from '../../workers/relay/ring.js';

interface Write {
  /** The memory as it was handed over; its content may only change after completion. */
  readonly chunk: Buffer;
  readonly copy: Buffer;
  readonly done: (error?: Error | null) => void;
}

/** A socket that takes nothing until it is told to: completion of a write is the point of these tests. */
export class FakeSink {
  readonly #waiting: Write[] = [];
  readonly #taken: Buffer[] = [];

  asSocket(): Socket {
    return this as unknown as Socket;
  }

  cork(): void {
    // Batching is the real socket's business.
  }

  uncork(): void {
    // As above.
  }

  write(chunk: Buffer, done: (error?: Error | null) => void): boolean {
    this.#waiting.push({ chunk, copy: Buffer.from(chunk), done });
    return false;
  }

  get writes(): number {
    return this.#waiting.length;
  }

  /** Completes the oldest `count` writes. @throws when memory changed while it was being written. */
  complete(count = this.#waiting.length, error: Error | null = null): void {
    for (const { chunk, copy, done } of this.#waiting.splice(0, count)) {
      if (!chunk.equals(copy)) throw new Error('memory of a write was changed before it had completed');
      this.#taken.push(copy);
      done(error);
    }
  }

  taken(): Buffer {
    return Buffer.concat(this.#taken);
  }
}

/** A source that counts how often it is resumed. */
export function fakeSource(): {
  readonly source: RingSource;
  readonly exceptions: unknown[];
  resumed: number;
} {
  const state = {
    resumed: 0,
    exceptions: [] as unknown[],
    source: {
      socket: (): Socket => ({ resume: () => (state.resumed += 1) }) as unknown as Socket,
      onException: (error: unknown): void => void state.exceptions.push(error),
    },
  };
  return state;
}
