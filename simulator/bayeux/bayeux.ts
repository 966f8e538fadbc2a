import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { BayeuxOptions, BayeuxService, Platform } from '../platform.js';
import type { User } from '../store/users.js';
import { type EndpointKind, endpointOf } from './channels.js';
import type { BayeuxFaults } from './faults.js';
import { HttpExchange, MAX_BODY_BYTES, readBody } from './http-exchange.js';
import { BayeuxHub, type Caller } from './hub.js';
import { handshakeUser } from './login.js';
import { type BayeuxMessage, parseMessages } from './message.js';
import { ConnectionCut } from './session.js';

export { BayeuxFaults } from './faults.js';

/** Held connects of one user at one endpoint: the platform's documented limit; the oldest is closed. */
const MAX_PARALLEL = 10;

/** A WebSocket client that lets more than this lie unread is cut, in bytes: the events that a session would queue. */
const MAX_BUFFERED_BYTES = 1_048_576;

export interface BayeuxEndpointOptions extends BayeuxOptions {
  /** Held connects of one user at one endpoint. Default 10. */
  readonly maxParallel?: number;
}

/** Real-time notifications over long polling and WebSocket, on both paths and their old names. */
export class BayeuxEndpoint implements BayeuxService {
  readonly #platform: Platform;
  readonly #heartbeatMs: number;
  readonly #hub: BayeuxHub;
  /** Cuts of every connection that is open here. */
  readonly #open = new Set<() => void>();
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_BODY_BYTES,
  });

  constructor(platform: Platform, options: BayeuxEndpointOptions) {
    this.#platform = platform;
    this.#heartbeatMs = options.heartbeatMs;
    this.#hub = new BayeuxHub(platform, options, options.maxParallel ?? MAX_PARALLEL);
  }

  /** What goes wrong on purpose; may be set at any time. */
  get faults(): BayeuxFaults {
    return this.#hub.faults;
  }

  /** Sessions there are at the moment. */
  get sessions(): number {
    return this.#hub.size;
  }

  /** For tests: tells an agent of an operation that is these bytes, over long polling. */
  deliverRaw(agentId: string, data: Uint8Array): void {
    this.#hub.deliverRaw(agentId, data);
  }

  handles(pathname: string): boolean {
    return endpointOf(pathname) !== undefined;
  }

  onRequest(request: IncomingMessage, response: ServerResponse, user: User | undefined): void {
    // Only a programming fault gets out of it, and that shall be seen.
    void this.#answer(request, response, user);
  }

  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const kind = kindOf(request);
    if (kind === undefined) {
      socket.destroy();
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#serve(webSocket, request, kind);
    });
  }

  cut(): void {
    for (const cut of [...this.#open]) cut();
  }

  forget(): void {
    this.#hub.forget();
  }

  stop(): void {
    this.cut();
    this.#hub.stop();
    this.#webSockets.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse, user: User | undefined): Promise<void> {
    const { httpStatus } = this.faults;
    const exchange = new HttpExchange(request, response, this.faults, this.#heartbeatMs);
    const kind = kindOf(request);
    if (httpStatus.times > 0) {
      httpStatus.times -= 1;
      exchange.refuse(httpStatus.value);
      return;
    }
    if (user === undefined || kind === undefined || request.method !== 'POST') {
      exchange.refuse(user === undefined ? 401 : kind === undefined ? 404 : 405);
      return;
    }
    const body = await readBody(request);
    const messages = body === undefined ? undefined : parseMessages(body);
    if (messages === undefined) {
      exchange.refuse(400);
      return;
    }
    const gone = this.#track(() => exchange.cut());
    response.once('close', gone.abort);
    const caller: Caller = { kind, userOf: () => user, signal: gone.signal, cut: () => exchange.cut() };
    await this.#reply(messages, caller, (replies) => exchange.send(replies));
  }

  #serve(webSocket: WebSocket, upgrade: IncomingMessage, kind: EndpointKind): void {
    let user: User | undefined;
    const cut = () => webSocket.terminate();
    const send = (messages: readonly BayeuxMessage[]) => {
      if (webSocket.bufferedAmount > MAX_BUFFERED_BYTES) cut();
      else webSocket.send(JSON.stringify(messages));
    };
    const gone = this.#track(cut);
    webSocket.once('close', gone.abort);
    // What ends a WebSocket badly ends it anyway.
    webSocket.on('error', () => undefined);
    const caller: Caller = {
      kind,
      userOf: (handshake) => {
        if (handshake !== undefined) user = handshakeUser(this.#platform.users, handshake, upgrade);
        return user;
      },
      push: send,
      signal: gone.signal,
      cut,
    };
    webSocket.on('message', (data: Buffer) => {
      const messages = parseMessages(data.toString('utf8'));
      // Each is answered by itself, so that a held connect holds nothing else up.
      if (messages === undefined) webSocket.close(1003, 'not a Bayeux message');
      else for (const message of messages) void this.#reply([message], caller, send);
    });
  }

  async #reply(
    messages: readonly BayeuxMessage[],
    caller: Caller,
    send: (replies: readonly BayeuxMessage[]) => void,
  ): Promise<void> {
    try {
      const replies = await Promise.all(messages.map((message) => this.#hub.handle(message, caller)));
      if (!caller.signal.aborted) send(replies.flat());
    } catch (error) {
      caller.cut();
      if (!(error instanceof ConnectionCut)) throw error;
    }
  }

  /** Remembers how to cut a connection until it is gone. */
  #track(cut: () => void): { readonly signal: AbortSignal; readonly abort: () => void } {
    const controller = new AbortController();
    this.#open.add(cut);
    const abort = () => {
      this.#open.delete(cut);
      controller.abort();
    };
    return { signal: controller.signal, abort };
  }
}

/** Real-time notifications of a platform, to be wired into its HTTP server. */
export function createBayeux(platform: Platform, options: BayeuxEndpointOptions): BayeuxEndpoint {
  return new BayeuxEndpoint(platform, options);
}

function kindOf({ url = '' }: IncomingMessage): EndpointKind | undefined {
  return endpointOf(url.split('?')[0] ?? '');
}
