import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { setTimeout as wait } from 'node:timers/promises';
import type { Faults, RequestFault } from '../faults.js';
import type { BayeuxService, Platform } from '../platform.js';
import { jsonBytes } from '../raw-json.js';
import type { Recorder } from '../recorder.js';
import { PlatformError } from '../store/platform-error.js';
import { authenticate, credentialsOf } from '../authentication.js';
import { readBody } from './body.js';
import { NOBODY, type Reply } from './call.js';
import type { Router } from './router.js';

/** What the HTTP side is made of. */
export interface FrontParts {
  readonly platform: Platform;
  readonly faults: Faults;
  readonly recorder: Recorder;
  readonly router: Router;
  readonly bayeux?: BayeuxService | undefined;
  /** Added to every request, in ms. */
  readonly latencyMs: number;
  /** Added to the time of every Date header, in ms. */
  readonly dateSkewMs: number;
}

/** Answers HTTP requests: faults first, then credentials, body, route. */
export class Front {
  constructor(private readonly parts: FrontParts) {}

  /** @param reset Sends RST on the connection of a request. */
  onRequest(request: IncomingMessage, response: ServerResponse, reset: () => void): void {
    this.#record(request, response);
    // Node would take that of this machine; tokens and operations carry the platform's.
    const { platform, dateSkewMs } = this.parts;
    response.setHeader('Date', new Date(platform.now() + dateSkewMs).toUTCString());
    request.on('error', () => undefined);
    this.#serve(request, response, reset).catch((error: unknown) => {
      if (!response.headersSent) answer(request, response, replyOf(error));
      else response.destroy();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse, reset: () => void): Promise<void> {
    const { faults, latencyMs, platform, bayeux } = this.parts;
    const url = urlOf(request);
    const fault = faults.takeRequest(request.method ?? '', url.pathname);
    const latency = latencyMs + (fault?.latencyMs ?? 0);
    if (latency > 0) await wait(latency, undefined, { ref: false });
    if (fault !== undefined && inject(fault, request, response, reset)) return;
    const user = authenticate(platform, request.headers);
    if (bayeux?.handles(url.pathname) === true) {
      bayeux.onRequest(request, response, user);
      return;
    }
    answer(request, response, await this.#route(request, url, user));
  }

  async #route(request: IncomingMessage, url: URL, user: ReturnType<typeof authenticate>): Promise<Reply> {
    const { platform, router } = this.parts;
    const method = methodOf(request);
    const match = router.find(method, url.pathname);
    const isOpen = typeof match === 'object' && match.route.isOpen === true;
    if (user === undefined && !isOpen) {
      request.resume();
      throw new PlatformError(401, 'security/Unauthorized', 'Invalid credentials! : Bad credentials');
    }
    platform.subscriptions.demand(url.pathname);
    if (match === undefined)
      throw new PlatformError(404, 'general/Not Found', `There is no ${url.pathname}.`);
    if (match === 'method-not-allowed') {
      throw new PlatformError(
        405,
        'general/Method Not Allowed',
        `${method} is not allowed on ${url.pathname}.`,
      );
    }
    const body = await readBody(request);
    const { headers } = request;
    const call = {
      platform,
      user: user ?? NOBODY,
      params: match.params,
      query: url.searchParams,
      body,
      headers,
    };
    return match.route.handle({ ...call, baseUrl: url.origin, request });
  }

  #record(request: IncomingMessage, response: ServerResponse): void {
    const { platform, recorder } = this.parts;
    const atMs = platform.now();
    // Devices take the time from here.
    response.setHeader('Date', new Date(atMs).toUTCString());
    response.once('close', () => {
      recorder.add({
        atMs,
        method: request.method ?? '',
        path: request.url ?? '',
        authorization: credentialsOf(request.headers),
        status: response.headersSent ? response.statusCode : 0,
      });
    });
  }
}

/** The URL of a request as its caller sees it. @throws PlatformError 400. */
export function urlOf(request: IncomingMessage): URL {
  const scheme = (request.socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http';
  try {
    return new URL(`${scheme}://${request.headers.host ?? 'localhost'}${request.url ?? '/'}`);
  } catch {
    throw new PlatformError(
      400,
      'general/Bad Request',
      'The request line or the Host header is not readable.',
    );
  }
}

/** `X-HTTP-METHOD` turns a POST into something else, for clients behind narrow proxies. */
function methodOf(request: IncomingMessage): string {
  const override = request.headers['x-http-method'];
  return request.method === 'POST' && typeof override === 'string'
    ? override.toUpperCase()
    : (request.method ?? '');
}

/** True when the fault took the request over. */
function inject(
  fault: RequestFault,
  request: IncomingMessage,
  response: ServerResponse,
  reset: () => void,
): boolean {
  if (fault.instead === undefined && fault.status === undefined) return false;
  request.resume();
  if (fault.instead === 'reset') reset();
  else if (fault.instead === 'close') request.socket.destroy();
  if (fault.instead !== undefined || fault.status === undefined) return true;
  const extras: Record<string, string> = {
    ...(fault.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(fault.retryAfterSeconds) }),
    ...(fault.location === undefined ? {} : { Location: fault.location }),
  };
  if (fault.bodyBytes !== undefined) {
    response.writeHead(fault.status, { ...extras, 'Content-Type': 'text/plain' });
    response.end(Buffer.alloc(fault.bodyBytes, 'x'));
    return true;
  }
  const reply = replyOf(new PlatformError(fault.status, 'simulator/Fault', 'A fault was asked for.'));
  answer(request, response, { ...reply, headers: { ...reply.headers, ...extras } });
  return true;
}

/** What the platform answers to an error. */
function replyOf(error: unknown): Reply {
  const known =
    error instanceof PlatformError
      ? error
      : new PlatformError(500, 'general/Internal Error', 'The simulator failed at this request.');
  const body = {
    error: known.error,
    message: known.message,
    info: 'https://cumulocity.com/api/core/#section/Error',
  };
  return { status: known.status, media: 'error', body };
}

function answer(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const { accept, usexbasic } = request.headers;
  const isError = reply.status >= 400;
  // Documented: a POST or PUT without Accept may get no body.
  const isMute = !isError && accept === undefined && (request.method === 'POST' || request.method === 'PUT');
  const headers: Record<string, string | string[]> = { ...reply.headers };
  // Browsers would ask for a password themselves; the web application says so by this header.
  if (reply.status === 401) {
    headers['WWW-Authenticate'] = `${usexbasic === 'true' ? 'XBASIC' : 'Basic'} realm="Cumulocity"`;
  }
  if (reply.body === undefined || isMute) {
    response.writeHead(reply.status, {
      ...headers,
      ...(reply.status === 204 ? {} : { 'Content-Length': '0' }),
    });
    response.end();
    return;
  }
  const text = jsonBytes(reply.body);
  headers['Content-Type'] = mediaType(accept, reply.media);
  headers['Content-Length'] = String(text.length);
  response.writeHead(reply.status, headers);
  response.end(text);
}

function mediaType(accept: string | undefined, name: string | undefined): string {
  const wantsPlain = accept?.includes('application/json') === true && !accept.includes('vnd.com.nsn');
  if (name === undefined || wantsPlain) return 'application/json;charset=UTF-8';
  return `application/vnd.com.nsn.cumulocity.${name}+json;charset=UTF-8;ver=0.9`;
}
