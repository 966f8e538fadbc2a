import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createWebSocketStream, WebSocket } from 'ws';
import { basic } from './simulator/running-cloud.js';
import type { World } from './world.js';

/** Longest wait for a WebSocket to open, in ms. */
const OPEN_MS = 20_000;

/**
 * The operator's end as any program can have it: the `ws` library and nothing of ours.
 * @throws Error when it is not open within `limitMs`.
 */
export async function dialRaw(
  { cloud, device }: World,
  endpointId: string,
  limitMs = OPEN_MS,
): Promise<WebSocket> {
  const base = (cloud.httpsUrl ?? cloud.url).replace(/^http/, 'ws');
  const url = `${base}/service/remoteaccess/client/${device.id}/configurations/${endpointId}`;
  const webSocket = new WebSocket(url, ['binary'], {
    headers: { Authorization: basic(cloud.operator) },
    perMessageDeflate: false,
    ...(cloud.ca === undefined ? {} : { ca: cloud.ca }),
  });
  await once(webSocket, 'open', { signal: AbortSignal.timeout(limitMs) });
  // A reset shows in the 'close' event, too; without a listener the error would end the process.
  webSocket.on('error', () => undefined);
  return webSocket;
}

/** A port on loopback, each connection to which goes through a bare WebSocket to one endpoint of the gateway. */
export class RawPort {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(world: World, endpointId: string) {
    this.#server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket));
      dialRaw(world, endpointId).then(
        (webSocket) => join(socket, webSocket),
        () => socket.destroy(),
      );
    });
  }

  static async open(world: World, endpointId: string): Promise<RawPort> {
    const raw = new RawPort(world, endpointId);
    raw.#server.listen(0, '127.0.0.1');
    await once(raw.#server, 'listening');
    return raw;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function join(socket: Socket, webSocket: WebSocket): void {
  const stream = createWebSocketStream(webSocket);
  stream.on('error', () => socket.destroy());
  socket.pipe(stream).pipe(socket);
}
