import { createServer, type Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Config } from '../../../src/config/config.js';
import { Secret } from '../../../contract/secret.js';

/** An HTTP proxy on loopback that knows CONNECT only, and one user. */
export class ConnectProxyServer {
  /** What was asked for, in order. */
  readonly targets: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();

  private constructor(authorization: string) {
    this.#server = createServer().on('connect', (request, socket) => {
      this.targets.push(request.url ?? '');
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      if (request.headers['proxy-authorization'] !== authorization) {
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      const port = Number(/:(\d+)$/.exec(request.url ?? '')?.[1]);
      // Whatever name was asked for: tests reach loopback only.
      const upstream = net.connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(upstream).pipe(socket);
      });
      this.#sockets.add(upstream);
      upstream.on('error', () => socket.destroy());
      socket.on('close', () => upstream.destroy());
    });
  }

  static async start(): Promise<ConnectProxyServer> {
    const proxy = new ConnectProxyServer(`Basic ${Buffer.from('plant:pr0xypass').toString('base64')}`);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  config(password = 'pr0xypass'): NonNullable<Config['cloud']['proxy']> {
    const { port } = this.#server.address() as AddressInfo;
    return { host: '127.0.0.1', port, user: 'plant', password: new Secret(password) };
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
