import { createServer, type Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import tls from 'node:tls';
import { serverIdentity, type Identity } from './certificates.js';

/**
 * A proxy that opens TLS: it shows a certificate of its own for whatever host was asked for, reads what goes through,
 * and has TLS of its own to the real server. Some companies have such a one.
 */
export class InspectingProxy {
  /** What was asked for, in order. */
  readonly targets: string[] = [];
  /** First line of each request that it has read. */
  readonly seen: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();

  private constructor(private readonly identity: Identity) {
    this.#server = createServer().on('connect', (request, socket: net.Socket) => {
      this.targets.push(request.url ?? '');
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      this.#open(socket, Number(/:(\d+)$/.exec(request.url ?? '')?.[1]));
    });
  }

  /** It ends with the test. @param names of the hosts that it has a certificate for. */
  static async start(t: TestContext, names: readonly string[]): Promise<InspectingProxy> {
    const identity = await serverIdentity({ names: names.map((value) => ({ type: 'dns', value })) });
    const proxy = new InspectingProxy(identity);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    t.after(() => proxy.#stop());
    return proxy;
  }

  /** Its authority, which the company installs everywhere. */
  get ca(): string {
    return this.identity.ca;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #open(socket: net.Socket, port: number): void {
    const inside = new tls.TLSSocket(socket, { isServer: true, ...this.identity.server });
    // Tests reach loopback only, and the real server's certificate is nobody's question here.
    const outside = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    for (const each of [socket, inside, outside]) {
      this.#sockets.add(each);
      each.on('error', () => {
        inside.destroy();
        outside.destroy();
      });
    }
    inside.once('data', (chunk: Buffer) =>
      this.seen.push(chunk.toString('latin1').split('\r\n', 1)[0] ?? ''),
    );
    inside.pipe(outside).pipe(inside);
    inside.on('close', () => outside.destroy());
    outside.on('close', () => inside.destroy());
  }

  async #stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
