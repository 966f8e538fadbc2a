import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';

/** What the scripted cloud answers to REST calls, by path with query; anything else gets 404. `upgradeStatus` refuses tunnels. */
export type Pages = Readonly<Record<string, unknown>> & { readonly upgradeStatus?: number };

export const ENDPOINTS = [
  { id: '1', name: 'plc-ssh', hostname: '10.0.5.7', port: 22, protocol: 'PASSTHROUGH' },
  { id: '2', name: 'hmi', hostname: '10.0.5.8', port: 5900, protocol: 'VNC' },
  { id: '3', name: 'web', hostname: '10.0.5.9', port: 80, protocol: 'PASSTHROUGH', serialVersionUID: 7 },
];

export const PAGES: Pages = {
  '/user/currentUser': { userName: 'ops' },
  '/identity/externalIds/c8y_Serial/gw-7': { managedObject: { id: '40511' }, externalId: 'gw-7' },
  '/service/remoteaccess/devices/40511/configurations': ENDPOINTS,
};

/** The Authorization header that the scripted cloud takes: t1/ops:secret. */
export const AUTHORIZATION = `Basic ${Buffer.from('t1/ops:secret').toString('base64')}`;

export interface ScriptedCloud {
  readonly port: number;
  readonly url: string;
  /** Requests so far, REST and upgrades, as `METHOD path`. */
  readonly requests: string[];
  /** Subprotocols and extensions that the clients asked for. */
  readonly offers: { readonly protocol: string | undefined; readonly extensions: string | undefined }[];
}

/** Runs `use` with a cloud on loopback whose tunnels are played by `play`. */
export async function withCloud(
  play: (socket: WebSocket) => void,
  use: (cloud: ScriptedCloud) => Promise<void>,
  pages: Pages = PAGES,
): Promise<void> {
  const requests: string[] = [];
  const offers: ScriptedCloud['offers'] = [];
  const server = createServer((request, response) => answer(request, response, requests, pages));
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 0, handleProtocols: () => 'binary' });
  server.on('upgrade', (request, socket, head) => {
    requests.push(`UPGRADE ${request.url ?? ''}`);
    offers.push({
      protocol: request.headers['sec-websocket-protocol'],
      extensions: request.headers['sec-websocket-extensions'],
    });
    if (request.headers.authorization !== AUTHORIZATION) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    if (pages.upgradeStatus !== undefined) {
      socket.end(
        `HTTP/1.1 ${String(pages.upgradeStatus)} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      );
      return;
    }
    sockets.handleUpgrade(request, socket, head, (tunnel) => {
      tunnel.on('error', () => undefined);
      play(tunnel);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  try {
    await use({ port, url: `http://127.0.0.1:${port}`, requests, offers });
  } finally {
    for (const tunnel of sockets.clients) tunnel.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function answer(request: IncomingMessage, response: ServerResponse, requests: string[], pages: Pages): void {
  const path = request.url ?? '';
  requests.push(`${request.method ?? ''} ${path}`);
  const page = pages[path];
  const status = request.headers.authorization !== AUTHORIZATION ? 401 : page === undefined ? 404 : 200;
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(status === 200 ? page : { error: 'refused' }));
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The same pseudo-random bytes for the same length, different at every place. */
export function pattern(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = 0x2545f491 ^ length;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}
