import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly accept: string | undefined;
  readonly body: unknown;
}

/** Answers one request in its own way; true when it did. */
export type Script = (request: Seen, response: ServerResponse) => boolean;

type Json = Record<string, unknown>;

/**
 * A small Cumulocity on real sockets: inventory, identity, operations and long-polling notifications. `scripts` come
 * first and may answer anything differently.
 */
export class ScriptedCloud {
  readonly requests: Seen[] = [];
  readonly scripts: Script[] = [];
  readonly inventory = new Map<string, Json>();
  readonly identities = new Map<string, string>();
  readonly children = new Map<string, Set<string>>();
  readonly operations = new Map<string, Json>();
  readonly clients = new Set<string>();
  readonly #sockets = new Set<Socket>();
  #server: Server;
  #port = 0;
  #lastId = 40_000;
  #poll: { response: ServerResponse; id: unknown } | undefined;
  #undelivered: Json[] = [];
  #acks = 0;

  private constructor() {
    this.#server = this.#newServer();
  }

  static async start(port = 0): Promise<ScriptedCloud> {
    const cloud = new ScriptedCloud();
    await cloud.listen(port);
    return cloud;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** Requests with this method whose path matches. */
  seen(method: string, path: RegExp): Seen[] {
    return this.requests.filter((one) => one.method === method && path.test(one.path));
  }

  /** Bodies of the status updates of one operation. */
  statuses(operationId: string): unknown[] {
    return this.seen('PUT', new RegExp(`/operations/${operationId}$`)).map(({ body }) => body);
  }

  /** How many messages came on a Bayeux meta channel. */
  bayeux(channel: string): number {
    return this.requests.filter(({ body }) => Array.isArray(body) && (body[0] as Json).channel === channel)
      .length;
  }

  addDevice(externalId: string, fragments: Json = {}): string {
    const id = this.#nextId();
    this.inventory.set(id, { id, name: externalId, ...fragments });
    this.identities.set(`c8y_Serial/${externalId}`, id);
    return id;
  }

  /** Stores an operation without telling anybody. */
  addOperation(deviceId: string, fields: Json = {}): string {
    const id = this.#nextId();
    const fragment = { hostname: '10.0.0.5', port: 22, connectionKey: `key-of-${id}-secret` };
    this.operations.set(id, {
      id,
      deviceId,
      status: 'PENDING',
      creationTime: new Date(Date.now() - 60_000).toISOString(),
      c8y_RemoteAccessConnect: fragment,
      ...fields,
    });
    return id;
  }

  /** Sends a stored operation to the long poll that waits, or to the next one. */
  notify(operationId: string): void {
    this.#undelivered.push(this.operations.get(operationId) ?? {});
    this.#answerPoll();
  }

  /** True while a long poll hangs. */
  get polling(): boolean {
    return this.#poll !== undefined;
  }

  /** Cuts every connection without a word. */
  cut(): void {
    this.#poll = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }

  async listen(port = this.#port): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.cut();
    await closed;
    this.#server = this.#newServer();
  }

  #newServer(): Server {
    const server = createServer((request, response) => void this.#onRequest(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    return server;
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const url = new URL(request.url ?? '/', this.url);
    const seen: Seen = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      authorization: request.headers.authorization,
      accept: request.headers.accept,
      body: text === '' ? undefined : JSON.parse(text),
    };
    this.requests.push(seen);
    if (this.scripts.some((script) => script(seen, response))) return;
    this.#route(seen, response);
  }

  #route(request: Seen, response: ServerResponse): void {
    const { method, path } = request;
    const body = (request.body ?? {}) as Json;
    const [, area, , id = '', last = ''] = path.split('/');
    if (path === '/notification/operations') {
      this.#onBayeux(request, response);
      return;
    }
    if (area === 'identity') {
      const [status, answer] = this.#onIdentity(method, `${id}/${decodeURIComponent(last)}`, id, body);
      reply(response, status, answer);
      return;
    }
    if (area === 'devicecontrol') {
      this.#onOperations(request, id, body, response);
      return;
    }
    if (last === 'childDevices') {
      this.#onChildren(request, id, body, response);
      return;
    }
    if (method === 'POST') {
      const created = { ...body, id: this.#nextId() };
      this.inventory.set(created.id, created);
      reply(response, 201, created);
      return;
    }
    if (method === 'DELETE') this.inventory.delete(id);
    if (method === 'PUT') this.inventory.set(id, { ...this.inventory.get(id), ...body });
    reply(response, this.inventory.has(id) || method === 'DELETE' ? 200 : 404, this.inventory.get(id) ?? {});
  }

  #onIdentity(method: string, key: string, id: string, body: Json): [number, Json] {
    if (method === 'GET') {
      const known = this.identities.get(key);
      return known === undefined ? [404, {}] : [200, { managedObject: { id: known } }];
    }
    const wanted = `${String(body.type)}/${String(body.externalId)}`;
    if (this.identities.has(wanted)) return [409, {}];
    this.identities.set(wanted, id);
    return [201, {}];
  }

  #onChildren({ method, query }: Seen, id: string, body: Json, response: ServerResponse): void {
    const children = this.children.get(id) ?? new Set<string>();
    this.children.set(id, children);
    if (method === 'POST') {
      children.add(String((body.managedObject as Json).id));
      reply(response, 201, {});
      return;
    }
    const references = [...children].map((child) => ({ managedObject: { id: child } }));
    reply(response, 200, { references: page(references, query) });
  }

  #onOperations({ method, query }: Seen, id: string, body: Json, response: ServerResponse): void {
    if (method === 'PUT') {
      if (!this.operations.has(id)) {
        reply(response, 404, {});
        return;
      }
      this.operations.set(id, { ...this.operations.get(id), ...body });
      reply(response, 200, this.operations.get(id) ?? {});
      return;
    }
    if (id !== '') {
      reply(response, this.operations.has(id) ? 200 : 404, this.operations.get(id) ?? {});
      return;
    }
    const found = [...this.operations.values()].filter(
      (one) => one.status === query.get('status') && (query.get('fragmentType') ?? '') in one,
    );
    reply(response, 200, { operations: page(found, query), next: 'there is always a next' });
  }

  #onBayeux(request: Seen, response: ServerResponse): void {
    const [message = {}] = request.body as Json[];
    const { channel, id, clientId } = message;
    const known = this.clients.has(String(clientId));
    if (channel === '/meta/handshake') {
      const fresh = `client-${this.#nextId()}`;
      this.clients.add(fresh);
      reply(response, 200, [{ channel, id, successful: true, clientId: fresh, ext: { ack: true } }]);
      return;
    }
    if (!known) {
      const advice = { reconnect: 'handshake', interval: 0 };
      reply(response, 200, [{ channel, id, successful: false, error: '402::Unknown client', advice }]);
      return;
    }
    if (channel !== '/meta/connect') {
      const { subscription } = message;
      reply(response, 200, [{ channel, id, successful: true, subscription }]);
      return;
    }
    const poll = { response, id };
    this.#poll = poll;
    response.on('close', () => {
      if (this.#poll === poll) this.#poll = undefined;
    });
    const timeout = Number((message.advice as Json).timeout);
    setTimeout(() => {
      if (this.#poll === poll) this.#answerPoll(true);
    }, timeout).unref();
    // Heartbeat, as the real service writes them while a poll hangs.
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('  ');
    this.#answerPoll();
  }

  #answerPoll(evenEmpty = false): void {
    const poll = this.#poll;
    if (poll === undefined || (this.#undelivered.length === 0 && !evenEmpty)) return;
    this.#poll = undefined;
    this.#acks += 1;
    const messages = this.#undelivered.map((data) => ({ channel: `/${this.#agentId()}`, data }));
    this.#undelivered = [];
    const meta = { channel: '/meta/connect', id: poll.id, successful: true, ext: { ack: this.#acks } };
    poll.response.end(JSON.stringify([...messages, meta]));
  }

  #agentId(): string {
    return this.identities.get('c8y_Serial/gw-7') ?? '';
  }

  #nextId(): string {
    this.#lastId += 1;
    return String(this.#lastId);
  }
}

export function reply(response: ServerResponse, status: number, body: unknown, headers: Json = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...(headers as Record<string, string>) });
  response.end(JSON.stringify(body));
}

function page<T>(all: readonly T[], query: URLSearchParams): T[] {
  const size = Number(query.get('pageSize') ?? 5);
  const from = (Number(query.get('currentPage') ?? 1) - 1) * size;
  return all.slice(from, from + size);
}
