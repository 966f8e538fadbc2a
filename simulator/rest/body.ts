import type { IncomingMessage } from 'node:http';
import type { Fragments } from '../store/inventory.js';
import { PlatformError } from '../store/platform-error.js';

/** Largest request body, in bytes. A managed object with a thousand endpoints stays below. */
const MAX_BODY_BYTES = 1_048_576;

/** The body as an object: JSON, or form fields of a login. Empty without one. @throws PlatformError 400; 413. */
export async function readBody(request: IncomingMessage): Promise<Fragments> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new PlatformError(413, 'general/Payload Too Large', `At most ${MAX_BODY_BYTES} bytes are read.`);
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text.trim() === '') return {};
  if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  return parseObject(text);
}

function parseObject(text: string): Fragments {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Fragments;
  } catch {
    // Told below, without repeating what was sent: it may hold a password.
  }
  throw new PlatformError(400, 'general/Bad Request', 'The body is not a JSON object.');
}
