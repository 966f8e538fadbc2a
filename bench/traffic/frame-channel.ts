import type { Duplex } from 'node:stream';
import type { Channel, ChannelEvents } from './channel.js';
import { frameHeader, OPCODE } from './frame-header.js';
import { FrameParser } from './frame-parser.js';
import type { Pattern } from './pattern.js';

/** Which side of the WebSocket we are: only clients mask (RFC 6455 section 5.1). */
export type Side = 'server' | 'client';

/** All four bytes of our mask as a client. Any but 0 makes the other side do its work. */
const CLIENT_MASK = 0x5a;

/** Normal closure (RFC 6455 section 7.4.1). */
const CLOSE_NORMAL = Buffer.from([1000 >> 8, 1000 & 0xff]);

export interface FrameChannelOptions {
  readonly side: Side;
  /** Bytes that came behind the upgrade. */
  readonly head: Buffer;
  /** Payload of one frame of a stream, in bytes. */
  readonly frameBytes: number;
}

/** A session's end on a WebSocket after its upgrade, with frames written and read here. */
export class FrameChannel implements Channel {
  readonly mask: number;
  readonly #socket: Duplex;
  readonly #frameBytes: number;
  readonly #frameHeader: Buffer;
  readonly #head: Buffer;
  readonly #side: Side;
  #isEnded = false;

  constructor(socket: Duplex, { side, head, frameBytes }: FrameChannelOptions) {
    this.mask = side === 'client' ? CLIENT_MASK : 0;
    this.#socket = socket;
    this.#side = side;
    this.#head = head;
    this.#frameBytes = frameBytes;
    this.#frameHeader = frameHeader(OPCODE.binary, frameBytes, this.mask);
    socket.on('error', () => undefined);
  }

  open(events: ChannelEvents): void {
    const socket = this.#socket;
    const parser = this.#parser(events);
    const take = (bytes: Buffer): void => {
      try {
        parser.push(bytes);
      } catch (error) {
        events.onFault(error instanceof Error ? error.message : String(error));
        socket.destroy();
      }
    };
    socket.on('drain', () => events.onDrain());
    socket.on('end', () => this.#onEnd(events));
    socket.on('close', () => events.onClose());
    if (this.#head.length > 0) take(this.#head);
    socket.on('data', take);
  }

  send(payload: Buffer): void {
    this.#sendFrame(OPCODE.binary, payload);
  }

  sendStream(pattern: Pattern, position: number, length: number): boolean {
    let hasRoom = true;
    this.#socket.cork();
    for (let sent = 0; sent < length; sent += this.#frameBytes) {
      const bytes = Math.min(this.#frameBytes, length - sent);
      const isWhole = bytes === this.#frameBytes;
      this.#socket.write(isWhole ? this.#frameHeader : frameHeader(OPCODE.binary, bytes, this.mask));
      hasRoom = this.#socket.write(pattern.view(position + sent, bytes));
    }
    this.#socket.uncork();
    return hasRoom;
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#sendFrame(OPCODE.close, CLOSE_NORMAL);
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #parser(events: ChannelEvents): FrameParser {
    const frames = {
      onPayload: (buffer: Buffer, start: number, end: number) => events.onBytes(buffer, start, end),
      onPing: (payload: Buffer) => this.#sendFrame(OPCODE.pong, payload),
      onClose: () => this.#onEnd(events),
    };
    return new FrameParser(frames, this.#side === 'server');
  }

  /** A close frame or a FIN without one; answered in kind, and told once. */
  #onEnd(events: ChannelEvents): void {
    if (this.#isEnded) return;
    this.end();
    events.onEnd();
  }

  #sendFrame(opcode: number, payload: Buffer): void {
    const masked = Buffer.from(payload.map((byte) => byte ^ this.mask));
    this.#socket.write(Buffer.concat([frameHeader(opcode, payload.length, this.mask), masked]));
  }
}
