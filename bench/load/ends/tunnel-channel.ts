import type { WebSocket } from 'ws';
import type { Channel, ChannelHandler } from '../traffic/channel.js';

/** Bytes that may wait in one WebSocket before its sender is asked to wait. */
const HIGH_WATER_BYTES = 262_144;

/** The cloud's end of a tunnel, over a WebSocket that a gateway opened. */
export class TunnelChannel implements Channel {
  readonly #socket: WebSocket;
  #handler: ChannelHandler | undefined;
  #isFull = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  attach(handler: ChannelHandler): void {
    this.#handler = handler;
    let how = '';
    this.#socket
      .on('message', (message: Buffer) => handler.onBytes(message, 0, message.length))
      .on('error', (error) => (how = error.message))
      .on('close', (code) => handler.onEnd(how === '' ? `close code ${code}` : how));
  }

  write(piece: Buffer): boolean {
    this.#socket.send(piece, this.#onSent);
    this.#isFull = this.#socket.bufferedAmount > HIGH_WATER_BYTES;
    return !this.#isFull;
  }

  end(): void {
    this.#socket.close(1000);
  }

  destroy(): void {
    this.#socket.terminate();
  }

  readonly #onSent = (): void => {
    if (!this.#isFull || this.#socket.bufferedAmount > HIGH_WATER_BYTES) return;
    this.#isFull = false;
    this.#handler?.onDrain();
  };
}
