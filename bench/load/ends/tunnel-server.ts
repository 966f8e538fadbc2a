import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Channel } from '../traffic/channel.js';
import { TunnelChannel } from './tunnel-channel.js';

const TUNNEL_PATH = '/service/remoteaccess/device/';

/** Connections that may wait to be accepted: what Linux allows by default (net.core.somaxconn). */
const BACKLOG = 4_096;

/** RFC 6455 section 1.3. */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** A server's key and certificate, both PEM. */
export interface ServerIdentity {
  readonly key: string;
  readonly cert: string;
}

/**
 * The cloud's side of the tunnel WebSockets and nothing else of a cloud: a gateway's connection is handed to whoever
 * expects its key. Listens on 127.0.0.1.
 */
export class TunnelServer {
  readonly #server: Server;
  readonly #expected = new Map<string, (channel: Channel) => void>();
  readonly #scheme: string;

  private constructor(tls: ServerIdentity | undefined) {
    this.#server = tls === undefined ? createHttpServer() : createHttpsServer({ ...tls });
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#server.on('request', (_request, response) => response.writeHead(404).end());
    this.#server.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
  }

  /** @param tls undefined for plain connections. */
  static async start(tls: ServerIdentity | undefined): Promise<TunnelServer> {
    const server = new TunnelServer(tls);
    server.#server.listen({ host: '127.0.0.1', port: 0, backlog: BACKLOG });
    await once(server.#server, 'listening');
    return server;
  }

  /** Base URL for `cloud.remoteAccessUrl`. */
  get url(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Calls `onChannel` when a gateway comes with this key; a key is good for one. */
  expect(key: string, onChannel: (channel: Channel) => void): void {
    this.#expected.set(key, onChannel);
  }

  /** Expects this key no more. */
  forget(key: string): void {
    this.#expected.delete(key);
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const key = request.url?.startsWith(TUNNEL_PATH) === true ? request.url.slice(TUNNEL_PATH.length) : '';
    const onChannel = this.#expected.get(key);
    // Who the gateway is was checked by the control plane; here it only has to have said so.
    if (!/^Basic \S+$/.test(request.headers.authorization ?? '')) return refuse(socket, 401);
    if (onChannel === undefined) return refuse(socket, 404);
    this.#expected.delete(key);
    if (head.length > 0) socket.unshift(head);
    socket.write(upgradeReply(request.headers['sec-websocket-key'] ?? ''));
    onChannel(new TunnelChannel(socket));
  }
}

/** The 101 as Cumulocity gives it: the subprotocol is always `binary`. */
function upgradeReply(key: string): string {
  const accept = createHash('sha1').update(`${key}${ACCEPT_SUFFIX}`).digest('base64');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    'Sec-WebSocket-Protocol: binary',
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function refuse(socket: Duplex, status: 401 | 404): void {
  socket.on('error', () => undefined);
  socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}
