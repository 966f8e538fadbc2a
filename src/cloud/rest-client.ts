import type { Dispatcher } from 'undici';
import { MAX_ERROR_BODY_BYTES, MAX_REPLY_BYTES } from '../../contract/limits.js';
import type { Config, DeviceCertificate } from '../config/config.js';
import type { Credentials } from './authorization.js';
import type { CloudClock } from './cloud-clock.js';
import { dispatcherOf } from './dispatcher.js';
import { networkError } from './network-error.js';
import { orAborted } from './or-aborted.js';
import { isAborted } from './pause.js';
import { hasStatus, RestError, retryAfterMs, statusSentence, type RestErrorKind } from './rest-error.js';
import type { OnViolation, Violation } from './violation.js';

export interface RestRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Absolute path with query, already encoded. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Beside the usual ones; names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** From the start of the request to the last byte of the reply, in ms; the client's default when not given. */
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Reads the reply instead of the client's parser, strict as that one; throws when it is not what it should be. */
  readonly read?: ((document: Buffer) => unknown) | undefined;
}

export interface RestClientOptions {
  readonly cloud: Pick<Config['cloud'], 'url' | 'ca' | 'proxy' | 'minTlsVersion'>;
  readonly credentials: Pick<Credentials, 'authorization' | 'renewed'>;
  /** Shown to the server in the TLS handshake. Default none. */
  readonly certificate?: DeviceCertificate;
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
    this.#dispatcher = dispatcherOf(options.cloud, options.certificate);
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
      return await this.#exchangeAsUs(request, own.signal);
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

  /** With our credentials; a token that is not taken is replaced, once. What was answered 401 was not carried out. */
  async #exchangeAsUs(request: RestRequest, signal: AbortSignal): Promise<unknown> {
    const { credentials } = this.#options;
    const authorization = await orAborted(credentials.authorization(), signal);
    try {
      return await this.#exchange(request, authorization, signal);
    } catch (error) {
      if (authorization === undefined || !hasStatus(error, 401)) throw error;
      const fresh = await orAborted(credentials.renewed(authorization), signal);
      if (fresh === undefined) throw error;
      return this.#exchange(request, fresh, signal);
    }
  }

  async #exchange(
    request: RestRequest,
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { clock } = this.#options;
    const sentAt = clock.stamp();
    const reply = await this.#dispatcher.request({
      origin: this.origin,
      path: request.path,
      method: request.method,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        // Without Accept, POST and PUT are answered with an empty body.
        accept: 'application/json',
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...request.headers,
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
    if (lateMs === undefined) return networkError(error, this.origin, this.#options.cloud.proxy);
    return new RestError('timeout', `${nameOf(request)} at ${this.origin} took longer than ${lateMs} ms`);
  }
}

/**
 * `text` as one path segment. @throws Error for text that would climb the path: `encodeURIComponent` leaves dots.
 */
export function pathSegment(text: string): string {
  if (text === '' || text === '.' || text === '..') throw new Error(`"${text}" cannot be part of a path`);
  return encodeURIComponent(text);
}

function nameOf({ method, path }: RestRequest): string {
  return `${method} ${path.split('?', 1)[0] ?? ''}`;
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
