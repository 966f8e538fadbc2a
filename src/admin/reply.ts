import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** A file of the dashboard: it is in memory and has no data in it, so that everybody may have it. */
export interface StaticPage {
  readonly contentType: string;
  readonly body: string;
}

/** One answer as a value; nothing but `send` and `sendRaw` writes to a client. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer that goes on: the header is written at once, what follows is up to `follow`. */
export interface Stream {
  readonly contentType: string;
  readonly follow: (response: ServerResponse) => void;
}

/**
 * On every answer. There is no CORS header, ever: other sites may not read. Pages run scripts and styles from this
 * listener only, nothing inline, may not be framed, and cannot make markup out of text.
 */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** An answer with a body. */
export function reply(
  status: number,
  contentType: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return {
    status,
    body,
    headers: {
      ...SECURITY_HEADERS,
      'Content-Type': contentType,
      'Content-Length': String(Buffer.byteLength(body)),
      ...headers,
    },
  };
}

/** An answer without a body, such as 204. */
export function emptyReply(status: number): Reply {
  return { status, body: '', headers: SECURITY_HEADERS };
}

export function jsonReply(status: number, value: unknown): Reply {
  return reply(status, 'application/json', `${JSON.stringify(value)}\n`);
}

/** Writes `answer`; a HEAD request gets its header alone (Node leaves the body out). */
export function send(response: ServerResponse, answer: Reply, closeAfter: boolean): void {
  if (response.headersSent || response.destroyed) return;
  if (closeAfter) response.setHeader('Connection', 'close');
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body);
}

/** Writes the header of `stream` and lets it follow; a HEAD request gets its header alone. */
export function sendStream(response: ServerResponse, stream: Stream): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(200, { ...SECURITY_HEADERS, 'Content-Type': stream.contentType });
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  response.flushHeaders();
  stream.follow(response);
}

/** Writes `answer` to a connection whose request could not be parsed, and ends it. */
export function sendRaw(socket: Duplex, answer: Reply): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const headers = Object.entries({ ...answer.headers, Connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const line = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n`;
  socket.end(`${line}${headers.join('')}\r\n${answer.body}`, () => socket.destroy());
}
