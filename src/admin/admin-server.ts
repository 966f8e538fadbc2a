import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Secret } from '../../contract/secret.js';
import type { AdminListen } from '../config/config.js';
import { isLoopback } from './access.js';
import type { AdminBackend } from './backend.js';
import { errorReply, type AdminErrorCode } from './errors.js';
import * as limits from './limits.js';
import { EventFeed } from './events/event-feed.js';
import { MetricsPage, type MetricsSource } from './metrics-page.js';
import { sendRaw, type StaticPage } from './reply.js';
import { RequestHandler } from './request-handler.js';
import { adminRoutes } from './routes.js';
import { listenUnix } from './unix-socket.js';

export interface AdminServerOptions {
  readonly listen: AdminListen;
  /** Required for a TCP address that others can reach. */
  readonly token: Secret | undefined;
  readonly backend: AdminBackend;
  readonly metrics: MetricsSource;
  /** Files of the dashboard by path; `/` replaces the plain page. Default: none. */
  readonly pages?: ReadonlyMap<string, StaticPage>;
  /** Gets what was thrown while answering; the client gets 500 without it. */
  readonly onError: (error: unknown) => void;
  /** Wall or monotonic clock, in ms. */
  readonly now: () => number;
}

/** What there is at all; a CONNECT names no path of ours. */
const ALL_METHODS = 'GET, HEAD, POST, DELETE';

/** Where the listener can be reached. */
export type AdminAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** The admin listener: HTTP on a TCP port or a unix socket, or nothing at all. */
export class AdminServer {
  readonly #listen: AdminListen;
  readonly #server: Server;

  /** @throws Error when the address is not loopback and there is no token. */
  constructor(options: AdminServerOptions) {
    const { listen } = options;
    if (listen.kind === 'tcp' && !isLoopback(listen.host) && options.token === undefined) {
      throw new Error(`admin.listen ${listen.host}:${listen.port} is not loopback: admin.token is required`);
    }
    this.#listen = listen;
    const metrics = new MetricsPage(options.metrics, options.now);
    const feed = new EventFeed({ source: options.backend, onError: options.onError });
    const handler = new RequestHandler({
      routes: adminRoutes(options.backend, metrics, feed, options.pages ?? new Map()),
      token: options.token,
      names: listen.kind === 'tcp' && !isLoopback(listen.host) ? [listen.host] : [],
      onError: options.onError,
      now: options.now,
    });
    this.#server = limitedServer((request, response) => void handler.handle(request, response));
  }

  /** Listens; undefined when it is off. @throws Error when the address cannot be had. */
  async start(): Promise<AdminAddress | undefined> {
    const listen = this.#listen;
    switch (listen.kind) {
      case 'off':
        return undefined;
      case 'unix':
        await listenUnix(this.#server, listen.path);
        return listen;
      case 'tcp':
        return { kind: 'tcp', host: listen.host, port: await listenTcp(this.#server, listen) };
    }
  }

  /** Ends the listener and every connection to it. Stopping twice, or before the start, is harmless. */
  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

function limitedServer(onRequest: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer(
    {
      headersTimeout: limits.HEADERS_MS,
      requestTimeout: limits.REQUEST_MS,
      keepAliveTimeout: limits.IDLE_MS,
      connectionsCheckingInterval: limits.CHECK_INTERVAL_MS,
      maxHeaderSize: limits.MAX_HEADER_BYTES,
      // A request without a Host is refused with the others that lack the right one, and with our headers.
      requireHostHeader: false,
      // Smuggling (two lengths, bare line ends) is refused by Node's parser as long as this stays off.
      insecureHTTPParser: false,
    },
    onRequest,
  );
  server.maxConnections = limits.MAX_CONNECTIONS;
  server.maxRequestsPerSocket = limits.MAX_REQUESTS_PER_CONNECTION;
  server.timeout = limits.IDLE_MS;
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    sendRaw(socket, errorReply(parseErrorCode(error)));
  });
  // Node hands a CONNECT over as a bare socket, and closes it without a word when nobody takes it.
  server.on('connect', (_, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    sendRaw(socket, errorReply('method-not-allowed', undefined, { Allow: ALL_METHODS }));
  });
  return server;
}

function parseErrorCode(error: NodeJS.ErrnoException): AdminErrorCode {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'headers-too-large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request-timeout';
    default:
      return 'bad-request';
  }
}

async function listenTcp(server: Server, listen: { host: string; port: number }): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : listen.port;
}
