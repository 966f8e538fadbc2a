import { once } from 'node:events';
import {
  createServer,
  request as send,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came, with its whole body. */
export interface BentRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body: string;
  readonly authorization: string | undefined;
  /** By performance.now(), in ms. */
  readonly atMs: number;
}

/**
 * What becomes of one request: undefined passes it on unchanged; true says that `response` was or will be answered; a
 * function gets the cloud's reply and gives the one that is sent instead.
 */
export type Bend = (
  request: BentRequest,
  response: ServerResponse,
) => undefined | true | ((reply: string) => string | Buffer);

/** An HTTP server in front of the embedded cloud's REST, for replies that no honest cloud gives. */
export class HttpBender {
  readonly requests: BentRequest[] = [];
  bend: Bend = () => undefined;
  readonly #server: Server;

  private constructor(cloudUrl: string) {
    this.#server = createServer((request, response) => void this.#onRequest(cloudUrl, request, response));
  }

  static async listen(cloudUrl: string): Promise<HttpBender> {
    const bender = new HttpBender(cloudUrl);
    bender.#server.listen(0, '127.0.0.1');
    await once(bender.#server, 'listening');
    return bender;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Requests whose body names this Bayeux meta channel. */
  metas(channel: string): BentRequest[] {
    return this.requests.filter((each) => isMeta(each, channel));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #onRequest(cloudUrl: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    const { method = '', url: path = '', headers } = request;
    const body = await textOf(request);
    const { authorization } = headers;
    const bent: BentRequest = { method, path, body, authorization, atMs: performance.now() };
    this.requests.push(bent);
    const outcome = this.bend(bent, response);
    if (outcome === true) return;
    const forward = send(`${cloudUrl}${path}`, { method, headers }, (reply) => {
      if (outcome !== undefined) return void reshaped(reply, response, outcome);
      response.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(response);
      reply.on('error', () => response.destroy());
    });
    forward.on('error', () => response.destroy());
    response.on('close', () => forward.destroy());
    forward.end(body);
  }
}

/** True for a Bayeux message on this meta channel. */
export function isMeta({ body }: BentRequest, channel: string): boolean {
  return body.includes(`"channel":"${channel}"`);
}

async function reshaped(
  reply: IncomingMessage,
  response: ServerResponse,
  change: (text: string) => string | Buffer,
): Promise<void> {
  const text = await textOf(reply).catch(() => undefined);
  if (text === undefined) return void response.destroy();
  const changed = Buffer.from(change(text));
  const headers = { ...reply.headers, 'content-length': String(changed.length) };
  delete (headers as { 'transfer-encoding'?: string })['transfer-encoding'];
  response.writeHead(reply.statusCode ?? 500, headers);
  response.end(changed);
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
