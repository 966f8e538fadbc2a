import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';

/** Largest message accepted, in bytes. The platform's own limit is not documented; agents send up to 64 KiB. */
const MAX_MESSAGE_BYTES = 33_554_432;

/** Time a refused peer has to read the answer and close, in ms. */
const REFUSAL_GRACE_MS = 30_000;

/** What the platform sends with every 101 of the remote-access service. */
const SECURITY_HEADERS = [
  'x-content-type-options: nosniff',
  'x-xss-protection: 1; mode=block',
  'cache-control: no-cache, no-store, max-age=0, must-revalidate',
  'pragma: no-cache',
  'expires: 0',
];

/** Makes the server half of the upgrades: subprotocol `binary` asked for or not, no compression, pings left to us. */
export function createUpgrader(): WebSocketServer {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    autoPong: false,
    handleProtocols: () => 'binary',
  });
  server.on('headers', (headers) => {
    // ws answers with a subprotocol only where one was offered; Cumulocity always does.
    const isNamed = headers.some((line) => /^sec-websocket-protocol:/i.test(line));
    headers.push(...(isNamed ? [] : ['Sec-WebSocket-Protocol: binary']), ...SECURITY_HEADERS);
  });
  // A handshake that is none is answered by ws with 400; the socket's own error must not end the process.
  server.on('wsClientError', (_error, socket) => socket.destroy());
  return server;
}

/** Completes an upgrade, at once; false when the socket is gone or the request is no WebSocket handshake. */
export function accept(
  server: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  onOpen: (webSocket: WebSocket) => void,
): boolean {
  if (socket.destroyed) return false;
  const outcome = { isOpen: false };
  server.handleUpgrade(request, socket, head, (webSocket) => {
    // ws closes by itself, with the code that fits; without a listener the process would end.
    webSocket.on('error', () => undefined);
    outcome.isOpen = true;
    onOpen(webSocket);
  });
  return outcome.isOpen;
}

/** What else a refusal carries. */
export interface RefusalExtras {
  readonly retryAfterSeconds?: number | undefined;
  readonly location?: string | undefined;
  readonly body?: Buffer | undefined;
}

/** Answers an upgrade with something else than 101 and closes. */
export function refuse(socket: Duplex, status: number, extras: RefusalExtras = {}): void {
  const body =
    extras.body ?? Buffer.from(JSON.stringify({ error: 'remoteaccess/Refused', message: 'Refused' }));
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    `Date: ${new Date().toUTCString()}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    ...(status === 401 ? ['WWW-Authenticate: Basic realm="Cumulocity"'] : []),
    ...(extras.retryAfterSeconds === undefined ? [] : [`Retry-After: ${extras.retryAfterSeconds}`]),
    ...(extras.location === undefined ? [] : [`Location: ${extras.location}`]),
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  socket.end(body);
  // The rest of what the peer sends is read and dropped, so that closing does not turn into a reset.
  socket.resume();
  socket.once('end', () => socket.destroy());
  const timer = setTimeout(() => socket.destroy(), REFUSAL_GRACE_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}
