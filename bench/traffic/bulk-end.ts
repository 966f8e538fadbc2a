import { Pump } from './pump.js';
import type { EndContext, SessionEnd } from './session-end.js';
import { StreamCheck } from './stream-check.js';

export interface BulkOptions {
  /** Seed of the stream that this end sends; undefined: it sends nothing. */
  readonly sends: number | undefined;
  /** Seed of the stream that this end gets; undefined: any byte is wrong. */
  readonly gets: number | undefined;
  /** Which way that is, for the tally. */
  readonly getsInto: 'upBytes' | 'downBytes';
}

/** An end that sends, gets, or both, at full speed, for as long as the run lasts. With neither it is an idle one. */
export class BulkEnd implements SessionEnd {
  readonly #context: EndContext;
  readonly #pump: Pump | undefined;
  readonly #check: StreamCheck | undefined;
  readonly #getsInto: BulkOptions['getsInto'];

  constructor(context: EndContext, { sends, gets, getsInto }: BulkOptions) {
    this.#context = context;
    this.#getsInto = getsInto;
    if (sends !== undefined) this.#pump = new Pump(context.channel, sends, context.settings.writeBytes);
    if (gets !== undefined) this.#check = new StreamCheck(gets);
  }

  start(): void {
    this.#pump?.go();
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    const { tally, session } = this.#context;
    if (this.#check?.take(buffer, start, end) === true) {
      tally[this.#getsInto] += end - start;
      return;
    }
    const place = this.#check === undefined ? 'bytes came that nobody sent' : 'a byte is wrong';
    tally.fault(`session ${session}, ${this.#getsInto}: ${place}, at ${this.#check?.wrongAt ?? 0}`);
    this.#context.channel.destroy();
  }

  onDrain(): void {
    this.#pump?.onDrain();
  }

  onEnd(): boolean {
    this.#pump?.stop();
    return false;
  }

  onClose(): boolean {
    this.#pump?.stop();
    return false;
  }
}
