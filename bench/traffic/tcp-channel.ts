import type { Socket } from 'node:net';
import type { Channel, ChannelEvents } from './channel.js';
import type { Pattern } from './pattern.js';

/** A session's end on plain TCP: the device, or the cloud's side of a relay that knows no WebSocket. */
export class TcpChannel implements Channel {
  readonly mask = 0;
  readonly #socket: Socket;

  /** @param socket with allowHalfOpen, so that what is under way still arrives after the other side's end. */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    // A reset ends in 'close' too, and that says enough.
    socket.on('error', () => undefined);
  }

  open(events: ChannelEvents): void {
    const socket = this.#socket;
    socket.on('data', (bytes: Buffer) => events.onBytes(bytes, 0, bytes.length));
    socket.on('drain', () => events.onDrain());
    socket.on('end', () => events.onEnd());
    socket.on('close', () => events.onClose());
  }

  send(payload: Buffer): void {
    this.#socket.write(payload);
  }

  sendStream(pattern: Pattern, position: number, length: number): boolean {
    return this.#socket.write(pattern.view(position, length));
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
