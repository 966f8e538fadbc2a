import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import type { Secret } from '../../../contract/secret.js';
import { ADMIN_ERRORS } from '../../admin/errors.js';
import { printable } from '../terminal.js';
import { codeOf } from './connection-error.js';
import type { Place } from './dial.js';
import { textAt } from './rest.js';

/** Longest wait for a listener on this machine, in ms. */
const ANSWER_MS = 2_000;

/** Bytes of its answer that are read; the status of an agent with 64 workers has about 30 KiB. */
const MAX_ANSWER_BYTES = 1_048_576;

/** Listens for a moment: the code of why that is not possible, undefined when it is. */
export async function listens({ host, port }: Place): Promise<string | undefined> {
  const server = net.createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return undefined;
  } catch (error) {
    return codeOf(error) || 'failed';
  }
}

/** What answers at an admin listener. */
export type AgentAnswer =
  | { readonly kind: 'none' }
  /** An agent that does not take our token. */
  | { readonly kind: 'locked' }
  | {
      readonly kind: 'agent';
      /** The external id that it serves; undefined for an agent of a version that does not say. */
      readonly device: string | undefined;
      /** Why it cannot receive operations, if that is so. */
      readonly trouble: string | undefined;
    };

type Where = Place | { readonly path: string };

/** Asks whoever listens there whether it is a Gatehouse agent, and whose. Whatever goes wrong is a no. */
export async function askAgent(
  where: Where,
  token: Secret | undefined,
  signal: AbortSignal,
): Promise<AgentAnswer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  try {
    const readiness = await ask(where, '/readyz', token, limit);
    const error = textAt(readiness, 'error');
    if (error === 'unauthorized') return { kind: 'locked' };
    const isAgent =
      textAt(readiness, 'status') === 'ready' || (error !== undefined && Object.hasOwn(ADMIN_ERRORS, error));
    if (!isAgent) return { kind: 'none' };
    const status = await ask(where, '/api/status', token, limit).catch(() => undefined);
    const why = error === undefined ? undefined : (textAt(readiness, 'message') ?? error);
    const trouble = why === undefined ? undefined : printable(why).slice(0, 200);
    return { kind: 'agent', device: textAt(status, 'device'), trouble };
  } catch {
    return { kind: 'none' };
  }
}

async function ask(
  where: Where,
  path: string,
  token: Secret | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  const target =
    'path' in where ? { socketPath: where.path } : { host: reachable(where.host), port: where.port };
  const headers = token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` };
  const request = http.get({ ...target, path, agent: false, headers, signal });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
  }
  return JSON.parse(text);
}

/** An address that everything listens on is reached over loopback. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
