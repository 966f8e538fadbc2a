import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import tls from 'node:tls';
import { serverIdentity, type Flaws } from './certificates.js';

/** A TLS server in front of a plain one. */
export interface TlsFront {
  readonly port: number;
  /** The authority that vouches for it. */
  readonly ca: string;
}

/** Speaks TLS with a certificate that has these flaws and hands everything on to a port; until the end of the test. */
export async function startTlsFront(t: TestContext, behind: string, flaws: Flaws = {}): Promise<TlsFront> {
  const { ca, server: identity } = await serverIdentity(flaws);
  const { port } = new URL(behind);
  const sockets = new Set<net.Socket>();
  const server = tls.createServer(identity, (secure) => {
    const plain = net.connect({ host: '127.0.0.1', port: Number(port) });
    for (const [one, other] of [
      [secure, plain],
      [plain, secure],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => sockets.delete(one));
    }
    secure.pipe(plain).pipe(secure);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, ca };
}
