import type { Pattern } from '../../traffic/pattern.js';
import type { Channel } from './channel.js';
import { HEADER_BYTES, writeHeader, type ExchangeHeader } from './exchange-header.js';

/** Payload that is copied behind its header into one write; above it, sending views of the pattern is cheaper. */
const COPIED_BYTES = 16_384;

/** Longest view in one write, in bytes: one WebSocket message of a size that any peer takes. */
const PIECE_BYTES = 65_536;

interface Waiting {
  readonly header: ExchangeHeader;
  readonly bytes: number;
}

/** Sends headers with their payload, in order and no faster than the channel takes them. */
export class Transmitter {
  readonly #channel: Channel;
  readonly #pattern: Pattern;
  readonly #waiting: Waiting[] = [];
  #isFull = false;
  /** Of the first in the queue: payload that is on its way. */
  #sent = 0;
  /** Bytes given to the channel so far, headers included. */
  bytes = 0;

  constructor(channel: Channel, pattern: Pattern) {
    this.#channel = channel;
    this.#pattern = pattern;
  }

  /** True when everything is given to the channel. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Queues a header with the `bytes` of the pattern from its position. The caller bounds how many wait. */
  send(header: ExchangeHeader, bytes: number): void {
    this.#waiting.push({ header, bytes });
    if (this.#waiting.length === 1) this.#pump();
  }

  onDrain(): void {
    this.#isFull = false;
    this.#pump();
  }

  #pump(): void {
    for (let first = this.#waiting[0]; first !== undefined && !this.#isFull; first = this.#waiting[0]) {
      const piece = this.#piece(first);
      this.bytes += piece.length;
      this.#isFull = !this.#channel.write(piece);
    }
  }

  /** The next piece of the first in the queue, which leaves the queue with its last piece. */
  #piece({ header, bytes }: Waiting): Buffer {
    const isStart = this.#sent === 0;
    const copied = isStart ? (bytes <= COPIED_BYTES ? bytes : COPIED_BYTES) : 0;
    const length = isStart ? copied : Math.min(bytes - this.#sent, PIECE_BYTES);
    const position = header.position + this.#sent;
    this.#sent += length;
    if (this.#sent >= bytes) {
      this.#waiting.shift();
      this.#sent = 0;
    }
    if (!isStart) return this.#pattern.view(position, length);
    const piece = Buffer.allocUnsafe(HEADER_BYTES + copied);
    writeHeader(piece, 0, header);
    this.#pattern.write(piece, HEADER_BYTES, position, copied);
    return piece;
  }
}
