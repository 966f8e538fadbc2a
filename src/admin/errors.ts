import { reply, type Reply } from './reply.js';

/**
 * Everything the admin listener refuses, with its HTTP status. The key is the `error` of the JSON answer
 * `{ error, message }`; the text is its `message` unless the place that refuses knows more.
 */
export const ADMIN_ERRORS = {
  'bad-request': [400, 'The request is not valid HTTP.'],
  'bad-path': [400, 'The request target must be a path that begins with "/".'],
  'unexpected-query': [
    400,
    'No path of this listener takes a query; a token belongs into the Authorization header.',
  ],
  'bad-body': [
    400,
    'The body must be empty or the JSON object {}; an answer to a request may have "by" and "way".',
  ],
  unauthorized: [401, 'Send the admin token: "Authorization: Bearer TOKEN".'],
  'foreign-origin': [403, 'Requests from other sites are refused.'],
  'not-found': [
    404,
    'There is no such path. There are /, /healthz, /readyz, /metrics, /api/status, /api/sessions, /api/sessions/ID, ' +
      '/api/operations, /api/events, /api/approvals, /api/approvals/ID/approve, /api/approvals/ID/deny and /api/drain.',
  ],
  'unknown-session': [404, 'There is no session with this id.'],
  'unknown-approval': [404, 'There is no request with this id; GET /api/approvals lists those that wait.'],
  'method-not-allowed': [405, 'The path does not take this method.'],
  'request-timeout': [408, 'The request took too long.'],
  'approval-settled': [409, 'The request was answered already, or has ended.'],
  'body-too-large': [413, 'The body is larger than 65536 bytes.'],
  'url-too-long': [414, 'The request target is longer than 2048 characters.'],
  'wrong-content-type': [415, 'Send "Content-Type: application/json", without Content-Encoding.'],
  'wrong-host': [421, 'The Host header does not name this listener.'],
  'too-many-failures': [429, 'Too many wrong tokens from this address; wait a minute.'],
  'headers-too-large': [431, 'The request header is larger than 16384 bytes.'],
  'internal-error': [500, 'The agent failed to answer; its log says why.'],
  'not-ready': [503, 'The agent cannot receive operations.'],
  busy: [503, 'Too many of these requests at once; try again.'],
  'still-closing': [504, 'The session is closing but not gone within 20 s; look at /api/sessions.'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type AdminErrorCode = keyof typeof ADMIN_ERRORS;

/** The answer for `code`. */
export function errorReply(
  code: AdminErrorCode,
  message?: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const [status, text] = ADMIN_ERRORS[code];
  return reply(status, 'application/json', `${JSON.stringify({ error: code, message: message ?? text })}\n`, {
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer realm="gatehouse"' } : {}),
    ...headers,
  });
}
