import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Channel } from '../traffic/channel.js';
import { TunnelChannel } from './tunnel-channel.js';

const TUNNEL_PATH = '/service/remoteaccess/device/';

/** Connections that may wait to be accepted: what Linux allows by default (net.core.somaxconn). */
const BACKLOG = 4_096;

/** Largest message taken, in bytes; the agent's frames are far smaller. */
const MAX_MESSAGE_BYTES = 16 * 1_048_576;

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
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
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
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      onChannel(new TunnelChannel(webSocket));
    });
  }
}

function refuse(socket: Duplex, status: 401 | 404): void {
  socket.on('error', () => undefined);
  socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}
