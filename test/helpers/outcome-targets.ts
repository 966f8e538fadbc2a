import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** A TCP server on loopback that counts who comes. */
export class Trap {
  /** Connections ever accepted. */
  connections = 0;
  readonly #sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  /** @param onConnection What it does with each; by default it keeps the connection and says nothing. */
  static async start(
    onConnection: (socket: Socket) => void = () => undefined,
    { host = '127.0.0.1', port = 0 } = {},
  ): Promise<Trap> {
    const server = createServer();
    const trap = new Trap(server);
    server.on('connection', (socket: Socket) => {
      trap.connections += 1;
      trap.#sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => trap.#sockets.delete(socket));
      socket.resume();
      onConnection(socket);
    });
    server.listen(port, host);
    await once(server, 'listening');
    return trap;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Connections that are open. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Ends every connection, as a target does that is done. */
  end(): void {
    for (const socket of this.#sockets) socket.end();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** Enough connections to fill a backlog of one on any system. */
const FILLERS = 4;

/** A port that answers no connection attempt: its thread accepts nothing and the kernel's queue is full. */
export async function blackHole(): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const thread = new Worker(
    `const { parentPort } = require('node:worker_threads');
     const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
     });`,
    { eval: true },
  );
  const [port] = (await once(thread, 'message')) as [number];
  const fillers = Array.from({ length: FILLERS }, () =>
    connect(port, '127.0.0.1').on('error', () => undefined),
  );
  // The first is taken by the kernel; once it is, the others are on their way too.
  await once(fillers[0] as Socket, 'connect');
  return {
    port,
    stop: async () => {
      for (const filler of fillers) filler.destroy();
      await thread.terminate();
    },
  };
}
