import type { IncomingMessage, ServerResponse } from 'node:http';
import { jsonBytes } from '../raw-json.js';
import type { BayeuxFaults } from './faults.js';
import type { BayeuxMessage } from './message.js';

/** Largest request body in bytes; a handshake with a long token takes two thousand. */
export const MAX_BODY_BYTES = 65_536;

/** The whole body; undefined when it is larger than MAX_BODY_BYTES or breaks off. */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A reply that may take hours: until it is there a blank goes out now and then, so that nobody takes the line for dead. */
export class HttpExchange {
  readonly #response: ServerResponse;
  readonly #faults: BayeuxFaults;
  readonly #wantsBody: boolean;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(request: IncomingMessage, response: ServerResponse, faults: BayeuxFaults, heartbeatMs: number) {
    this.#response = response;
    this.#faults = faults;
    this.#wantsBody = request.headers.accept !== undefined || !faults.bodyNeedsAccept;
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
    response.once('close', () => clearInterval(this.#heartbeat));
  }

  send(replies: readonly BayeuxMessage[]): void {
    clearInterval(this.#heartbeat);
    const body = this.#wantsBody ? jsonBytes(replies) : Buffer.alloc(0);
    if (!this.#response.headersSent) this.#writeHead(body.length);
    const { cutReply } = this.#faults;
    const isConnect = replies.some(({ channel }) => channel === '/meta/connect');
    if (isConnect && cutReply.times > 0) {
      cutReply.times -= 1;
      this.#response.write(body.subarray(0, cutReply.afterBytes), () => this.cut());
      return;
    }
    this.#response.end(body);
  }

  /** Ends with a status and nothing else. */
  refuse(status: number): void {
    clearInterval(this.#heartbeat);
    const challenge = status === 401 ? { 'WWW-Authenticate': 'Basic realm="Cumulocity"' } : {};
    this.#response.writeHead(status, { ...challenge, 'Content-Length': 0, Connection: 'close' }).end();
  }

  cut(): void {
    clearInterval(this.#heartbeat);
    this.#response.destroy();
  }

  #beat(): void {
    if (this.#faults.holdForever) return;
    if (!this.#response.headersSent) this.#writeHead();
    this.#response.write(' ');
  }

  #writeHead(length?: number): void {
    this.#response.writeHead(200, {
      'Content-Type': 'application/json;charset=UTF-8',
      ...(length === undefined ? {} : { 'Content-Length': length }),
    });
  }
}
