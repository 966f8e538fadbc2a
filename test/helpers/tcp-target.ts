import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { eventually } from './eventually.js';

/**
 * A device on the plant network: listens on a free port of 127.0.0.1 and hands its connections to the test. Half-open
 * is allowed and nothing is answered by itself, so that a test sees what really came.
 */
export class TcpTarget {
  /** Connections so far, oldest first. */
  readonly sockets: Socket[] = [];
  readonly #server: Server;

  private constructor(onSocket: (socket: Socket) => void) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      // A reset is one of the things that happen here on purpose; 'close' tells of it.
      socket.on('error', () => undefined);
      this.sockets.push(socket);
      onSocket(socket);
    });
  }

  static async start(onSocket: (socket: Socket) => void = () => undefined): Promise<TcpTarget> {
    const target = new TcpTarget(onSocket);
    target.#server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
    await once(target.#server, 'listening');
    return target;
  }

  /** A target that sends back what it gets and ends when its peer does. */
  static echo(): Promise<TcpTarget> {
    return TcpTarget.start((socket) => socket.pipe(socket));
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** The first connection, once there is one. */
  socket(): Promise<Socket> {
    return eventually(() => this.sockets[0], 'a connection to the target');
  }

  /** Listens no more and drops what is left. */
  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (!this.#server.listening) return;
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
