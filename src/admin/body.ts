import type { IncomingMessage } from 'node:http';
import type { AdminErrorCode } from './errors.js';
import { MAX_BODY_BYTES } from './limits.js';

/** What a changing request brings along: its fields, or why it is refused. */
export type Body =
  | { readonly kind: 'fields'; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: 'refused'; readonly code: AdminErrorCode };

/**
 * Reads the body of a changing request, at most MAX_BODY_BYTES, and checks that it is empty or a JSON object. Where no
 * `fields` are known it must be empty or `{}`: one that brings more is a mistake its sender should hear of. How long it
 * may take is the server's request timeout.
 */
export async function readBody(request: IncomingMessage, fields: readonly string[]): Promise<Body> {
  const text = await readText(request);
  if (text.kind === 'refused') return text;
  const known = parsed(text.text);
  const isKnown = known !== undefined && Object.keys(known).every((name) => fields.includes(name));
  return isKnown ? { kind: 'fields', fields: known } : { kind: 'refused', code: 'bad-body' };
}

type Text = { readonly kind: 'text'; readonly text: string } | (Body & { readonly kind: 'refused' });

async function readText(request: IncomingMessage): Promise<Text> {
  const type = request.headers['content-type'];
  // RFC 9110 8.3.1: the type is case-insensitive and may carry parameters.
  const isJson = type !== undefined && /^application\/json *(;|$)/i.test(type);
  if (request.headers['content-encoding'] !== undefined) return refused('wrong-content-type');
  if (request.method === 'POST' && !isJson) return refused('wrong-content-type');
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return refused('body-too-large');

  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop early must not destroy the connection: the refusal still has to go out on it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return refused('body-too-large');
    chunks.push(chunk);
  }
  if (bytes === 0) return { kind: 'text', text: '{}' };
  if (!isJson) return refused('wrong-content-type');
  return { kind: 'text', text: Buffer.concat(chunks).toString('utf8') };
}

function refused(code: AdminErrorCode): Body & { readonly kind: 'refused' } {
  return { kind: 'refused', code };
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
