import {
  headerBytes,
  MAX_CONTROL_BYTES,
  MAX_HEADER_BYTES,
  OPCODE,
  readHeader,
  type FrameHeader,
} from './frame-header.js';
import { unmask } from './masking.js';

/** What a parser finds. Ranges of the pushed buffer are payload in order, unmasked in place. */
export interface FrameEvents {
  onPayload(buffer: Buffer, start: number, end: number): void;
  onPing(payload: Buffer): void;
  onClose(): void;
}

/** Reads a stream of WebSocket frames as it comes; payload is passed on without waiting for the end of its frame. */
export class FrameParser {
  readonly #events: FrameEvents;
  readonly #expectMasked: boolean;
  readonly #header = Buffer.alloc(MAX_HEADER_BYTES);
  readonly #control = Buffer.alloc(MAX_CONTROL_BYTES);
  #headerLength = 0;
  #frame: FrameHeader | undefined;
  #taken = 0;

  /** @param expectMasked true on the server's end (RFC 6455 section 5.1); a frame that is otherwise is a fault. */
  constructor(events: FrameEvents, expectMasked: boolean) {
    this.#events = events;
    this.#expectMasked = expectMasked;
  }

  /** Takes the next bytes of the connection; they are changed in place. @throws Error when they are no proper frames. */
  push(buffer: Buffer): void {
    let at = 0;
    while (at < buffer.length) {
      at =
        this.#frame === undefined ? this.#takeHeader(buffer, at) : this.#takePayload(buffer, at, this.#frame);
    }
  }

  #takeHeader(buffer: Buffer, start: number): number {
    let at = start;
    while (at < buffer.length) {
      this.#header[this.#headerLength] = buffer[at] as number;
      this.#headerLength += 1;
      at += 1;
      if (this.#headerLength < 2 || this.#headerLength < headerBytes(this.#header.readUInt8(1))) continue;
      this.#begin(readHeader(this.#header.subarray(0, this.#headerLength)));
      break;
    }
    return at;
  }

  #begin(frame: FrameHeader): void {
    if ((frame.key !== undefined) !== this.#expectMasked) {
      throw new Error(`a frame is ${this.#expectMasked ? 'not masked' : 'masked'}`);
    }
    if (frame.opcode >= OPCODE.close && frame.payloadBytes > MAX_CONTROL_BYTES) {
      throw new Error(`a control frame has ${frame.payloadBytes} bytes`);
    }
    this.#headerLength = 0;
    this.#taken = 0;
    this.#frame = frame;
    if (frame.payloadBytes === 0) this.#finish(frame);
  }

  #takePayload(buffer: Buffer, start: number, frame: FrameHeader): number {
    const end = Math.min(buffer.length, start + frame.payloadBytes - this.#taken);
    if (frame.key !== undefined) unmask(buffer.subarray(start, end), rotated(frame.key, this.#taken));
    if (frame.opcode >= OPCODE.close) buffer.copy(this.#control, this.#taken, start, end);
    else this.#events.onPayload(buffer, start, end);
    this.#taken += end - start;
    if (this.#taken === frame.payloadBytes) this.#finish(frame);
    return end;
  }

  #finish({ opcode, payloadBytes }: FrameHeader): void {
    this.#frame = undefined;
    switch (opcode) {
      case OPCODE.ping:
        this.#events.onPing(Buffer.from(this.#control.subarray(0, payloadBytes)));
        break;
      case OPCODE.close:
        this.#events.onClose();
        break;
      case OPCODE.binary:
      case OPCODE.continuation:
      case OPCODE.pong:
        break;
      default:
        throw new Error(`a frame has opcode ${opcode}; binary was agreed`);
    }
  }
}

/** The key as it applies from the `taken`-th byte of a payload. */
function rotated(key: Buffer, taken: number): Buffer {
  const turn = taken & 3;
  return turn === 0 ? key : Buffer.concat([key.subarray(turn), key.subarray(0, turn)]);
}
