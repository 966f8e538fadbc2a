import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What a listener is told once. */
export interface ListenerOptions {
  readonly host: string;
  /** 0 takes a free port, which is then kept over restarts. */
  readonly port: number;
  /** Undefined listens in the clear. */
  readonly tls?: ServerOptions | undefined;
  readonly onRequest: RequestListener;
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** Connections per port: two for each tunnel of the largest load test, and some for REST. */
const MAX_CONNECTIONS = 100_000;

/** An HTTP or HTTPS port that can be taken down and brought back while everything behind it stays. */
export class Listener {
  #server: Server | undefined;
  #port: number;
  /** TCP sockets by the peer's port: under TLS this is the only way to the socket that can be reset. */
  readonly #sockets = new Map<string, Socket>();

  constructor(private readonly options: ListenerOptions) {
    this.#port = options.port;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const { tls, host, onRequest, onUpgrade } = this.options;
    const server = tls === undefined ? createServer(onRequest) : createSecureServer(tls, onRequest);
    // A load test opens thousands of tunnels at once; the kernel cuts this to what it allows.
    const backlog = 4_096;
    server.maxConnections = MAX_CONNECTIONS;
    server.on('upgrade', onUpgrade);
    server.on('connection', (socket: Socket) => this.#track(socket));
    server.on('tlsClientError', (_error: Error, socket: Duplex) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: this.#port, host, backlog }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Closes the port and every connection, tunnels included. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets.values()) socket.destroy();
    await closed;
  }

  /** Sends RST on the TCP connection below `socket`; false when that connection is not one of this listener. */
  reset(socket: Duplex): boolean {
    const tcp = this.#sockets.get(keyOf(socket as Partial<Socket>));
    tcp?.resetAndDestroy();
    return tcp !== undefined;
  }

  #track(socket: Socket): void {
    const key = keyOf(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    this.#sockets.set(key, socket);
    socket.once('close', () => {
      if (this.#sockets.get(key) === socket) this.#sockets.delete(key);
    });
  }
}

function keyOf({ remoteAddress, remotePort, localPort }: Partial<Socket>): string {
  return `${remoteAddress ?? ''} ${remotePort ?? 0} ${localPort ?? 0}`;
}
