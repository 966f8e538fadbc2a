import type { Pattern } from '../../traffic/pattern.js';
import { HEADER_BYTES, readHeader, type ExchangeHeader } from './exchange-header.js';

/** The payload that has to follow a header. */
export interface Expected {
  readonly pattern: Pattern;
  readonly bytes: number;
}

/** A byte that is not what was sent, or a header that cannot be. */
export interface Fault {
  /** In the pattern of this direction; for a header, where the payload would have begun. */
  readonly position: number;
  readonly what: string;
}

export interface ExchangeHandler {
  /** What has to follow this header, or why it is wrong. */
  onHeader(header: ExchangeHeader): Expected | Fault;
  /** All of the payload has come and was right. */
  onPayload(header: ExchangeHeader): void;
  /** Nothing is read after it. */
  onFault(fault: Fault): void;
}

/** Reads one direction of a tunnel as it comes, in pieces of any size, and compares every byte with its pattern. */
export class ExchangeReader {
  readonly #handler: ExchangeHandler;
  readonly #headerBytes = Buffer.alloc(HEADER_BYTES);
  #filled = 0;
  #header: ExchangeHeader | undefined;
  #expected: Expected | undefined;
  #taken = 0;
  #position = 0;
  #isDone = false;

  constructor(handler: ExchangeHandler) {
    this.#handler = handler;
  }

  /** True between two exchanges: an end of the stream here cuts nothing off. */
  get isBetween(): boolean {
    return this.#filled === 0 && this.#header === undefined;
  }

  /** Reads `buffer[start..end)`; nothing of it is kept. */
  push(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && !this.#isDone) {
      at =
        this.#header === undefined ? this.#takeHeader(buffer, at, end) : this.#takePayload(buffer, at, end);
    }
  }

  #takeHeader(buffer: Buffer, at: number, end: number): number {
    const take = Math.min(HEADER_BYTES - this.#filled, end - at);
    buffer.copy(this.#headerBytes, this.#filled, at, at + take);
    this.#filled += take;
    if (this.#filled < HEADER_BYTES) return at + take;
    const header = readHeader(this.#headerBytes, 0);
    const expected =
      header === undefined
        ? { position: this.#position, what: 'bytes that are no header' }
        : this.#handler.onHeader(header);
    if (header === undefined || 'what' in expected) {
      if ('what' in expected) this.#fail(expected);
      return end;
    }
    this.#header = header;
    this.#expected = expected;
    this.#position = header.position;
    this.#taken = 0;
    if (expected.bytes === 0) this.#complete(header);
    return at + take;
  }

  #takePayload(buffer: Buffer, at: number, end: number): number {
    const { pattern, bytes } = this.#expected as Expected;
    const take = Math.min(bytes - this.#taken, end - at);
    const wrong = pattern.check(buffer, at, at + take, this.#position);
    if (wrong !== -1) {
      this.#fail({ position: this.#position + wrong - at, what: 'a wrong byte' });
      return end;
    }
    this.#taken += take;
    this.#position += take;
    if (this.#taken === bytes) this.#complete(this.#header as ExchangeHeader);
    return at + take;
  }

  #complete(header: ExchangeHeader): void {
    this.#header = undefined;
    this.#filled = 0;
    this.#handler.onPayload(header);
  }

  #fail(fault: Fault): void {
    this.#isDone = true;
    this.#handler.onFault(fault);
  }
}
