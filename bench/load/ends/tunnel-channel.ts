import type { Duplex } from 'node:stream';
import { frameHeader, OPCODE } from '../../traffic/frame-header.js';
import { FrameParser } from '../../traffic/frame-parser.js';
import type { Channel, ChannelHandler } from '../traffic/channel.js';

/** Normal closure (RFC 6455 section 7.4.1). */
const CLOSE_NORMAL = Buffer.from([1000 >> 8, 1000 & 0xff]);

/** Longest wait for the gateway's end of the connection after our close frame, in ms; its own limit is 5 s. */
const CLOSE_MS = 10_000;

/** The cloud's end of a tunnel: the server's side of a WebSocket after its upgrade, with frames written and read here. */
export class TunnelChannel implements Channel {
  readonly #socket: Duplex;
  #how = 'closed without a close frame';
  #hasSentClose = false;
  #deadline: NodeJS.Timeout | undefined;

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on('error', (error) => (this.#how = error.message));
  }

  attach(handler: ChannelHandler): void {
    const parser = new FrameParser(
      {
        onPayload: (buffer, start, end) => handler.onBytes(buffer, start, end),
        onPing: (payload) => this.#sendFrame(OPCODE.pong, payload),
        onClose: () => this.#onClose(),
      },
      true,
    );
    this.#socket
      .on('data', (bytes: Buffer) => this.#parse(parser, bytes))
      .on('drain', () => handler.onDrain())
      .on('end', () => this.#socket.end())
      .on('close', () => {
        clearTimeout(this.#deadline);
        handler.onEnd(this.#how);
      });
  }

  write(piece: Buffer): boolean {
    return this.#sendFrame(OPCODE.binary, piece);
  }

  end(): void {
    if (this.#hasSentClose) return;
    this.#hasSentClose = true;
    this.#sendFrame(OPCODE.close, CLOSE_NORMAL);
    this.#deadline = setTimeout(() => this.#socket.destroy(), CLOSE_MS);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #sendFrame(opcode: number, payload: Buffer): boolean {
    if (this.#socket.writableEnded) return true;
    this.#socket.cork();
    this.#socket.write(frameHeader(opcode, payload.length, 0));
    const hasRoom = this.#socket.write(payload);
    this.#socket.uncork();
    return hasRoom;
  }

  #parse(parser: FrameParser, bytes: Buffer): void {
    try {
      parser.push(bytes);
    } catch (error) {
      this.#how = error instanceof Error ? error.message : String(error);
      this.#socket.destroy();
    }
  }

  /** The gateway's close frame: the answer to ours, or the end that it wants. */
  #onClose(): void {
    this.#how = 'closed by the gateway';
    this.end();
    this.#socket.end();
  }
}
