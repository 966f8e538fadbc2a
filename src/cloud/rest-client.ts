import { Agent, Pool, ProxyAgent, type Dispatcher } from 'undici';
import { MAX_ERROR_BODY_BYTES, MAX_REPLY_BYTES } from '../../contract/limits.js';
import type { Config } from '../config/config.js';
import { proxyAuthorization, type Credentials } from './authorization.js';
import type { CloudClock } from './cloud-clock.js';
import { isAborted } from './pause.js';
import { RestError, retryAfterMs, statusSentence, type RestErrorKind } from './rest-error.js';
import { isTlsCode, tlsSentence } from './tls-trouble.js';
import { trust } from './trusted-roots.js';
import type { OnViolation, Violation } from './violation.js';

/** Connections to the cloud: sixteen for statuses, one for the long poll, a few for the rest. */
const MAX_CONNECTIONS = 20;

/** Bytes of one reply's header; Node's own default. */
const MAX_HEADER_BYTES = 16_384;

/** Longest time an idle connection is kept, whatever the cloud says, in ms: a NAT on the way may forget it without a word. */
const IDLE_MS = 30_000;

/** Longest time for TCP and TLS, and for a proxy's answer to CONNECT, in ms. */
const CONNECT_MS = 10_000;

export interface RestRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Absolute path with query, already encoded. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** From the start of the request to the last byte of the reply, in ms; the client's default when not given. */
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Reads the reply instead of the client's parser, strict as that one; throws when it is not what it should be. */
  readonly read?: ((document: Buffer) => unknown) | undefined;
}

export interface RestClientOptions {
  readonly cloud: Pick<Config['cloud'], 'url' | 'ca' | 'proxy' | 'minTlsVersion'>;
  readonly credentials: Credentials;
  readonly clock: CloudClock;
  /** Strict JSON parser; throws on anything else. */
  readonly parseJson: (document: Buffer) => unknown;
  readonly requestMs: number;
  readonly onViolation?: OnViolation;
}

/** Replies that an honest cloud does not give. */
const VIOLATION_OF: Partial<Record<RestErrorKind, Violation>> = {
  protocol: 'malformed',
  unreadable: 'malformed',
  'too-big': 'oversized',
};

/**
 * JSON over HTTP to the cloud, and to nowhere else: redirects are not followed, so the credentials stay with the
 * configured origin. Each request has an absolute deadline and each reply a bounded size.
 */
export class RestClient {
  /** `https://host[:port]`, for messages. */
  readonly origin: string;
  readonly #options: RestClientOptions;
  readonly #dispatcher: Dispatcher;

  constructor(options: RestClientOptions) {
    this.#options = options;
    this.origin = new URL(options.cloud.url).origin;
    this.#dispatcher = dispatcherOf(options.cloud);
  }

  /** The parsed reply, undefined when it has no body. @throws RestError */
  async send(request: RestRequest): Promise<unknown> {
    const deadlineMs = request.deadlineMs ?? this.#options.requestMs;
    const { signal } = request;
    const own = new AbortController();
    let late = false as boolean;
    const onAbort = () => {
      own.abort();
    };
    const timer = setTimeout(() => {
      late = true;
      own.abort();
    }, deadlineMs);
    // Not AbortSignal.any: on a signal that lives as long as the process it leaves something behind per request.
    signal?.addEventListener('abort', onAbort);
    try {
      signal?.throwIfAborted();
      return await this.#exchange(request, own.signal);
    } catch (error) {
      const failure = isAborted(signal)
        ? new RestError('aborted', `${nameOf(request)} was given up`)
        : this.#failure(error, request, late ? deadlineMs : undefined);
      const violation = VIOLATION_OF[failure.kind];
      if (violation !== undefined) this.#options.onViolation?.(violation);
      throw failure;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Ends every connection; requests under way fail. */
  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  async #exchange(request: RestRequest, signal: AbortSignal): Promise<unknown> {
    const { clock, credentials } = this.#options;
    const sentAt = clock.stamp();
    const reply = await this.#dispatcher.request({
      origin: this.origin,
      path: request.path,
      method: request.method,
      headers: {
        authorization: credentials.authorization(),
        // Without Accept, POST and PUT are answered with an empty body.
        accept: 'application/json',
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: request.body === undefined ? null : JSON.stringify(request.body),
      signal,
      // The deadline above is absolute; a long poll is silent for longer than any idle timeout.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    clock.observe(single(reply.headers.date), sentAt);
    if (reply.statusCode < 200 || reply.statusCode >= 300) {
      // The status says enough; the body is read only so that the connection can be used again.
      await reply.body.dump({ limit: MAX_ERROR_BODY_BYTES, signal }).catch(() => undefined);
      throw new RestError(
        'status',
        statusSentence(`${nameOf(request)} at ${this.origin}`, reply.statusCode),
        {
          status: reply.statusCode,
          retryAfterMs: retryAfterMs(single(reply.headers['retry-after']), clock.now()),
        },
      );
    }
    return this.#parse(request, await this.#readAll(request, reply.body));
  }

  async #readAll(request: RestRequest, body: Dispatcher.ResponseData['body']): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    // Leaving the loop destroys the body and with it the connection.
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_REPLY_BYTES) {
        throw new RestError('too-big', `${nameOf(request)} answered with more than ${MAX_REPLY_BYTES} bytes`);
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  #parse(request: RestRequest, document: Buffer): unknown {
    if (document.length === 0) return undefined;
    try {
      return (request.read ?? this.#options.parseJson)(document);
    } catch {
      throw new RestError(
        'unreadable',
        `${nameOf(request)} at ${this.origin} answered with something that is not JSON; check cloud.url`,
      );
    }
  }

  /** `lateMs` is the deadline that is over. */
  #failure(error: unknown, request: RestRequest, lateMs: number | undefined): RestError {
    if (error instanceof RestError) return error;
    if (lateMs === undefined) return this.#networkError(error);
    return new RestError('timeout', `${nameOf(request)} at ${this.origin} took longer than ${lateMs} ms`);
  }

  #networkError(error: unknown): RestError {
    const code = codeOf(error);
    const message = error instanceof Error ? error.message : '';
    const refusal = /Proxy response \((\d{3})\)/.exec(message)?.[1];
    const proxy = this.#options.cloud.proxy;
    if (proxy !== undefined && refusal !== undefined) {
      return new RestError('proxy', `the proxy ${proxy.host}:${proxy.port} answered ${refusal} to CONNECT`, {
        cause: error,
      });
    }
    if (error instanceof Error && error.name === 'HTTPParserError') {
      return new RestError('protocol', `${this.origin} does not speak HTTP; check cloud.url`, {
        cause: error,
      });
    }
    if (isTlsCode(code)) {
      return new RestError('tls', tlsSentence(this.origin, code, Date.now()), { cause: error });
    }
    const way = proxy === undefined ? '' : ` through the proxy ${proxy.host}:${proxy.port}`;
    return new RestError('unreachable', `${this.origin} cannot be reached${way} (${code})`, { cause: error });
  }
}

/**
 * `text` as one path segment. @throws Error for text that would climb the path: `encodeURIComponent` leaves dots.
 */
export function pathSegment(text: string): string {
  if (text === '' || text === '.' || text === '..') throw new Error(`"${text}" cannot be part of a path`);
  return encodeURIComponent(text);
}

function dispatcherOf(cloud: RestClientOptions['cloud']): Dispatcher {
  const { proxy } = cloud;
  const connect = { ...trust(cloud), timeout: CONNECT_MS };
  const options = {
    connections: MAX_CONNECTIONS,
    pipelining: 1,
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveMaxTimeout: IDLE_MS,
  };
  if (proxy === undefined) return new Agent({ ...options, connect });
  const host = proxy.host.includes(':') ? `[${proxy.host}]` : proxy.host;
  const token = proxyAuthorization(proxy);
  return new ProxyAgent({
    ...options,
    uri: `http://${host}:${proxy.port}`,
    ...(token === undefined ? {} : { token }),
    requestTls: connect,
    // A proxy that takes the connection and says nothing would block the next tries for the default of 300 s.
    clientFactory: (origin, poolOptions) => new Pool(origin, { ...poolOptions, headersTimeout: CONNECT_MS }),
  });
}

function nameOf({ method, path }: RestRequest): string {
  return `${method} ${path.split('?', 1)[0] ?? ''}`;
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

function codeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code;
  }
  return error instanceof Error ? error.name : 'unknown';
}
