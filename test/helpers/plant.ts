import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { eventually } from './eventually.js';

/** A device of the plant: a TCP server on loopback that keeps what it saw. */
export class PlantTarget {
  /** Every connection that came, oldest first. */
  readonly connections: PlantConnection[] = [];
  readonly #server: Server;

  private constructor(onSocket: (socket: Socket) => void) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.connections.push(new PlantConnection(socket));
      onSocket(socket);
    });
  }

  /** Listens. `onSocket` default: sends everything back. */
  static async listen(
    onSocket: (socket: Socket) => void = (socket) => void socket.pipe(socket),
    address: { host?: string; port?: number } = {},
  ): Promise<PlantTarget> {
    const target = new PlantTarget(onSocket);
    target.#server.listen(address.port ?? 0, address.host ?? '127.0.0.1');
    await once(target.#server, 'listening');
    return target;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The connection with this index, once it is there. */
  connection(index = 0): Promise<PlantConnection> {
    return eventually(() => this.connections[index], `connection ${index} at the target`);
  }

  close(): void {
    this.#server.close();
    for (const { socket } of this.connections) socket.destroy();
  }
}

/** One connection at the target, and how it went. */
export class PlantConnection {
  /** All bytes so far. */
  received = Buffer.alloc(0);
  ending: 'fin' | 'reset' | undefined;

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => (this.received = Buffer.concat([this.received, chunk])));
    socket.on('end', () => (this.ending ??= 'fin'));
    socket.on('error', () => (this.ending ??= 'reset'));
  }

  /** Waits for the end of what the gateway sends. */
  ended(): Promise<'fin' | 'reset'> {
    return eventually(() => this.ending, 'the end of the connection at the target');
  }
}
