import { createHash } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { Socket, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { LOOPBACK } from './loopback.js';

/** RFC 6455 section 1.3. */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Connections that may wait to be accepted: a churn opens many at once. */
const BACKLOG = 1_024;

export interface WebSocketServerOptions {
  /** PEM key and certificate; without them the server speaks ws://. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** A connection whose upgrade has been answered. `head` holds bytes that came behind the request. */
  readonly onSocket: (socket: Duplex, head: Buffer) => void;
}

/** A WebSocket server that does the upgrade and leaves the frames to others. Listens on loopback only. */
export class WebSocketServer {
  readonly #server: Server;

  constructor({ tls, onSocket }: WebSocketServerOptions) {
    this.#server = tls === undefined ? createHttpServer() : createHttpsServer(tls);
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (socket instanceof Socket) socket.setNoDelay(true);
      socket.write(upgradeReply(request));
      onSocket(socket, head);
    });
  }

  /** Starts listening and gives the port. */
  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: LOOPBACK, port: 0, backlog: BACKLOG }, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Stops accepting; connections that are open stay. */
  close(): void {
    this.#server.close();
  }
}

/** The 101 reply, with the first of the subprotocols that were offered. */
function upgradeReply({ headers }: IncomingMessage): string {
  const accept = createHash('sha1')
    .update(`${headers['sec-websocket-key'] ?? ''}${ACCEPT_SUFFIX}`)
    .digest('base64');
  const [protocol = ''] = (headers['sec-websocket-protocol'] ?? '').split(',');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    ...(protocol === '' ? [] : [`Sec-WebSocket-Protocol: ${protocol.trim()}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
