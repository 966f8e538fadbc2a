import { MODES, type Mode } from './settings.js';

/** Length of a greeting, in bytes. */
export const GREETING_BYTES = 16;

const MAGIC = Buffer.from('traffic1');

/** The first bytes of every session, from the target to the cloud: they say which of its sessions this is. */
export interface Greeting {
  readonly mode: Mode;
  /** Sessions count from 0; every session of a run has its own number. */
  readonly session: number;
}

export function writeGreeting({ mode, session }: Greeting): Buffer {
  const greeting = Buffer.alloc(GREETING_BYTES);
  MAGIC.copy(greeting);
  greeting.writeUInt32BE(MODES.indexOf(mode), 8);
  greeting.writeUInt32BE(session, 12);
  return greeting;
}

/** Gathers a greeting, however it is cut. */
export class GreetingReader {
  readonly #bytes = Buffer.alloc(GREETING_BYTES);
  #length = 0;

  /** Takes what is missing from [start, end) of `buffer` and gives how much that was. */
  take(buffer: Buffer, start: number, end: number): number {
    const taken = Math.min(end - start, GREETING_BYTES - this.#length);
    buffer.copy(this.#bytes, this.#length, start, start + taken);
    this.#length += taken;
    return taken;
  }

  /** The greeting, once all of it is there. @throws Error when it is none. */
  get greeting(): Greeting | undefined {
    if (this.#length < GREETING_BYTES) return undefined;
    const mode = MODES[this.#bytes.readUInt32BE(8)];
    if (mode === undefined || !this.#bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
      throw new Error('a session does not begin with a greeting');
    }
    return { mode, session: this.#bytes.readUInt32BE(12) };
  }
}
