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

/** Bytes of its answer that are read. */
const MAX_ANSWER_BYTES = 4_096;

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

/** What answers at an admin listener: an agent of ours, with why it cannot receive operations if that is so. */
export type AgentAnswer =
  { readonly isAgent: false } | { readonly isAgent: true; readonly trouble: string | undefined };

/** Asks whoever listens there whether it is a Gatehouse agent, by `/readyz`. Whatever else happens is a no. */
export async function askAgent(
  where: Place | { readonly path: string },
  token: Secret | undefined,
  signal: AbortSignal,
): Promise<AgentAnswer> {
  const target =
    'path' in where ? { socketPath: where.path } : { host: reachable(where.host), port: where.port };
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  const headers = token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` };
  try {
    const request = http.get({ ...target, path: '/readyz', agent: false, headers, signal: limit });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    let text = '';
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > MAX_ANSWER_BYTES) return { isAgent: false };
    }
    return read(text);
  } catch {
    return { isAgent: false };
  }
}

/** An address that everything listens on is reached over loopback. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function read(text: string): AgentAnswer {
  const body: unknown = JSON.parse(text);
  if (textAt(body, 'status') === 'ready') return { isAgent: true, trouble: undefined };
  const error = textAt(body, 'error');
  if (error === undefined || !Object.hasOwn(ADMIN_ERRORS, error)) return { isAgent: false };
  return { isAgent: true, trouble: printable(textAt(body, 'message') ?? error).slice(0, 200) };
}
