import type { IncomingMessage } from 'node:http';
import type { AdminErrorCode } from './errors.js';
import { MAX_BODY_BYTES } from './limits.js';

/**
 * Reads the body of a changing request, at most MAX_BODY_BYTES, and checks that it is empty or `{}`: no request has
 * parameters, and one that brings some is a mistake its sender should hear of. How long it may take is the server's
 * request timeout.
 */
export async function readBody(request: IncomingMessage): Promise<AdminErrorCode | undefined> {
  const type = request.headers['content-type'];
  // RFC 9110 8.3.1: the type is case-insensitive and may carry parameters.
  const isJson = type !== undefined && /^application\/json *(;|$)/i.test(type);
  if (request.headers['content-encoding'] !== undefined) return 'wrong-content-type';
  if (request.method === 'POST' && !isJson) return 'wrong-content-type';
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return 'body-too-large';

  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop early must not destroy the connection: the refusal still has to go out on it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return 'body-too-large';
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  if (!isJson) return 'wrong-content-type';
  return isEmptyObject(Buffer.concat(chunks).toString('utf8')) ? undefined : 'bad-body';
}

function isEmptyObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return (
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
    );
  } catch {
    return false;
  }
}
