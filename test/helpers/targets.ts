import net from 'node:net';
import { until } from './until.js';

/** A TCP server on a free loopback port, as a device on the plant network. */
export class Target {
  readonly sockets = new Set<net.Socket>();
  readonly #server: net.Server;
  readonly #accepted: net.Socket[] = [];
  #waiting: ((socket: net.Socket) => void)[] = [];

  /** `onConnection` speaks first; a socket is half-open and paused by nobody. */
  constructor(onConnection: (socket: net.Socket) => void = () => undefined, pauseOnConnect = false) {
    const options = { allowHalfOpen: true, noDelay: true, pauseOnConnect };
    this.#server = net.createServer(options, (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => undefined);
      onConnection(socket);
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#accepted.push(socket);
      else waiting(socket);
    });
  }

  async listen(host = '127.0.0.1'): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, host, resolve));
    return this;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** The next connection. */
  connection(): Promise<net.Socket> {
    const socket = this.#accepted.shift();
    if (socket !== undefined) return Promise.resolve(socket);
    return until('a connection at the target', new Promise((resolve) => this.#waiting.push(resolve)));
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Gives back what it gets, and closes when the peer does. */
export const echo = (socket: net.Socket): void => void socket.pipe(socket);

/** Says `bytes` at once and stays. */
export const banner =
  (bytes: Buffer | string) =>
  (socket: net.Socket): void =>
    void socket.write(bytes);

/** Says `bytes` and closes its side. */
export const halfClosing =
  (bytes: Buffer | string) =>
  (socket: net.Socket): void =>
    void socket.end(bytes);

/** Answers a connection with RST. */
export const resetting = (socket: net.Socket): void => void socket.resetAndDestroy();

/** All bytes that come over `socket` from now to its end or error. */
export function readAll(socket: net.Socket): Promise<{ readonly bytes: Buffer; readonly error?: Error }> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const end = new Promise<{ bytes: Buffer; error?: Error }>((resolve) => {
    socket.once('end', () => resolve({ bytes: Buffer.concat(chunks) }));
    socket.once('error', (error) => resolve({ bytes: Buffer.concat(chunks), error }));
    socket.once('close', () => resolve({ bytes: Buffer.concat(chunks) }));
  });
  return until('the end of a stream', end);
}
