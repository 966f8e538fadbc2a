import type { Socket } from 'node:net';

/** Whoever takes the bytes of a socket. */
export interface Consumer {
  /**
   * Memory for the next read, by default some for replies. It may be shared by all sessions of the thread: its content
   * is valid in onBytes only.
   */
  readBuffer?(): Buffer;
  /** `buffer[0..length)` has been read. False pauses the socket until resume() is called on it. */
  onBytes(buffer: Buffer, length: number): boolean;
}

/**
 * One buffer serves every handshake of the thread: its content is copied before the read returns. Replies are small,
 * and Node asks for the buffer of a read when the one before it is done, so that the relay's first read still uses this
 * one: 4 KiB keep the bootstrap buffer's limit closely.
 */
const HANDSHAKE_BUFFER = Buffer.allocUnsafeSlow(4_096);

/**
 * A socket whose reads change hands: first the handshake, then the relay.
 *
 * `onread` saves one Buffer per read and lifts libuv's 64 KiB cap, but has to be given when the socket is made. A TLS
 * socket on top of a proxy's socket cannot have it (Node ignores the option there) and hands up 'data' events.
 */
export class Wire {
  #socket: Socket | undefined;
  #consumer: Consumer | undefined;
  /** Bytes come as 'data' events, not through `onread`. */
  #hasEvents = false;

  /** For the options of net.connect and tls.connect. */
  readonly onread = {
    buffer: (): Buffer => this.#consumer?.readBuffer?.() ?? HANDSHAKE_BUFFER,
    callback: (length: number, buffer: Uint8Array): boolean =>
      this.#consumer?.onBytes(buffer as Buffer, length) ?? false,
  };

  get socket(): Socket {
    if (this.#socket === undefined) throw new Error('the wire has no socket yet');
    return this.#socket;
  }

  /** Gives the wire its socket. With `usesOnread` false, bytes come as 'data' events once there is a consumer. */
  attach(socket: Socket, usesOnread: boolean): this {
    this.#socket = socket;
    socket.on('error', ignore);
    this.#hasEvents = !usesOnread;
    return this;
  }

  /** From now on all bytes go to `consumer`. The socket stays as it is, flowing or paused. */
  consume(consumer: Consumer): void {
    const isFirst = this.#consumer === undefined;
    this.#consumer = consumer;
    if (!this.#hasEvents || !isFirst) return;
    const { socket } = this;
    socket.on('data', (chunk: Buffer) => {
      if (this.#consumer?.onBytes(chunk, chunk.length) !== true) socket.pause();
    });
  }
}

/**
 * Bytes of the write under way that the kernel has not taken. Node shows it to nobody, but uses it itself to tell a slow
 * socket from a dead one (net.Socket's timeout); where a version does not have it, it is 0.
 */
export function queuedBytes(socket: Socket | undefined): number {
  const handle = (socket as { _handle?: { writeQueueSize?: unknown } | null } | undefined)?._handle;
  return typeof handle?.writeQueueSize === 'number' ? handle.writeQueueSize : 0;
}

/** Sends FIN behind what was written. Harmless when that has happened; Node would make an error for nobody. */
export function finish(socket: Socket | undefined): void {
  if (socket?.writableEnded === false) socket.end();
}

/**
 * Stays on every socket for its whole life: an error between two owners must not take the thread down. The next owner
 * sees it as `socket.destroyed`.
 */
export function ignore(): void {
  // The 'close' event that follows is what counts.
}

/** The cloud's side of a session: an upgraded WebSocket connection. */
export interface CloudWire {
  readonly wire: Wire;
  /** Frame bytes that came behind the 101 until now; they belong in front of everything else. */
  readonly takeHead: () => Buffer;
}
