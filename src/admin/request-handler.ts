import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Secret } from '../../contract/secret.js';
import { isReading, judgeSite, type RequestFacts } from './access.js';
import { readBody, type Body } from './body.js';
import { errorReply, type AdminErrorCode } from './errors.js';
import { MAX_BIG_ANSWERS, MAX_URL_LENGTH } from './limits.js';
import { send, sendStream, type Reply, type Stream } from './reply.js';
import { allowed, findHandler, findRoute, type Exposure, type Routes } from './router.js';
import { TokenGate } from './token-gate.js';

/** Paths whose answers are made from many entries. */
const BIG_ANSWERS: readonly string[] = ['/metrics', '/api/sessions'];

const NO_FIELDS: Body = { kind: 'fields', fields: {} };

export interface RequestHandlerOptions {
  readonly routes: Routes;
  readonly token: Secret | undefined;
  /** Names of the listener beside addresses, without port. */
  readonly names: readonly string[];
  readonly onError: (error: unknown) => void;
  readonly now: () => number;
}

/** Takes one request from its header to its answer: site, token, route, method, body, handler. */
export class RequestHandler {
  readonly #options: RequestHandlerOptions;
  readonly #gate: TokenGate;
  readonly #underWay = new Map<string, number>();

  constructor(options: RequestHandlerOptions) {
    this.#options = options;
    this.#gate = new TokenGate(options.token, options.now);
  }

  /** Answers; never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = await this.#answer(request, response);
      if ('follow' in answer) sendStream(response, answer);
      // A body that was not read would be taken for the next request.
      else send(response, answer, !request.complete);
    } catch (error) {
      // A client that goes away while its body is read is no fault of ours.
      if (response.destroyed || request.destroyed) return;
      this.#options.onError(error);
      send(response, errorReply('internal-error'), true);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<Reply | Stream> {
    const target = request.url ?? '';
    const method = request.method ?? '';
    if (target.length > MAX_URL_LENGTH) return errorReply('url-too-long');

    const found = findRoute(this.#options.routes, target);
    const refusal = this.#judge(request, found?.route.exposure ?? 'guarded');
    if (refusal !== undefined) return errorReply(refusal, undefined, retryAfter(refusal));

    if (found === undefined) return errorReply(whyNotFound(target, this.#options.routes));
    const handler = findHandler(found.route, method);
    if (handler === undefined) {
      return errorReply('method-not-allowed', undefined, { Allow: allowed(found.route) });
    }
    const body = isReading(method) ? NO_FIELDS : await readBody(request, found.route.fields ?? []);
    if (body.kind === 'refused') return errorReply(body.code);
    if (!this.#admit(target, response)) return errorReply('busy', undefined, { 'Retry-After': '1' });
    return handler(found.id, body.fields);
  }

  #judge(request: IncomingMessage, exposure: Exposure): AdminErrorCode | undefined {
    const refusal = judgeSite(factsOf(request), exposure === 'page', this.#options.names);
    if (refusal !== undefined || exposure !== 'guarded') return refusal;
    return this.#gate.judge(request.headers.authorization, request.socket.remoteAddress ?? 'unix');
  }

  /** Counts a big answer until its connection has taken it; false when there are too many. */
  #admit(target: string, response: ServerResponse): boolean {
    if (!BIG_ANSWERS.includes(target)) return true;
    const count = this.#underWay.get(target) ?? 0;
    if (count >= MAX_BIG_ANSWERS) return false;
    this.#underWay.set(target, count + 1);
    response.once('close', () => this.#underWay.set(target, (this.#underWay.get(target) ?? 1) - 1));
    return true;
  }
}

function factsOf(request: IncomingMessage): RequestFacts {
  const { localAddress: address, localPort: port } = request.socket;
  const site = request.headers['sec-fetch-site'];
  return {
    method: request.method ?? '',
    hosts: request.headersDistinct.host ?? [],
    origin: request.headers.origin,
    secFetchSite: Array.isArray(site) ? site.join() : site,
    local: address === undefined || port === undefined ? undefined : { address, port },
  };
}

function whyNotFound(target: string, { withId }: Routes): AdminErrorCode {
  if (!target.startsWith('/')) return 'bad-path';
  if (target.includes('?')) return 'unexpected-query';
  return withId.find(({ prefix }) => target.startsWith(prefix))?.unknown ?? 'not-found';
}

function retryAfter(refusal: AdminErrorCode): Record<string, string> {
  return refusal === 'too-many-failures' ? { 'Retry-After': '60' } : {};
}
