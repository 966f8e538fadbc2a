import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import { createServer, type TlsOptions } from 'node:tls';
import { serverIdentity } from '../../../helpers/certificates.js';
import type { DnsAnswer } from '../../../helpers/dns-server.js';
import type { Rig } from '../../rig.js';
import { lapse } from '../../rig/time.js';
import { BACK_MS, ups, works } from '../control/link.js';

const NAME = 'cloud.example';

/** A17: the cloud's name fails while the link is up, and then has another address. */
export async function moved(rig: Rig): Promise<void> {
  let answer: DnsAnswer = { a: ['127.0.0.1'], ttl: 1 };
  await rig.nameServer({ [NAME]: (type) => (type === 'A' ? answer : { aaaa: [] }) });
  const { ca, server } = await serverIdentity({ names: [{ type: 'dns', value: NAME }] });
  const caFile = path.join(rig.folder, 'names-ca.pem');
  writeFileSync(caFile, ca);
  const stand = await rig.start({ launch: false });
  const plainPort = Number(new URL(stand.cloud.url).port);
  const first = await Terminator.listen(server, plainPort, '127.0.0.1', 0);
  const second = await Terminator.listen(server, plainPort, '127.0.0.2', first.port);
  rig.atEnd(() => {
    first.close();
    second.close();
  });
  stand.configure({ cloud: { url: `https://${NAME}:${first.port}`, caFile } });
  await stand.launch();
  await works(stand, await rig.target());
  answer = { rcode: 'SERVFAIL' };
  await lapse(3_000);
  assert.equal(await stand.agent.isReady(), true, 'the connection in use stays');
  answer = { a: ['127.0.0.2'], ttl: 1 };
  first.close();
  await ups(stand.agent, 2, BACK_MS);
  assert.ok(second.connections > 0);
  await works(stand, await rig.target(), BACK_MS);
}

/** Ends TLS at an address, and passes on what is in it. */
class Terminator {
  connections = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server;

  private constructor(identity: TlsOptions, plainPort: number) {
    this.#server = createServer(identity, (secure) => {
      this.connections += 1;
      const plain = connect(plainPort, '127.0.0.1');
      for (const socket of [secure, plain]) {
        this.#sockets.add(socket);
        socket
          .on('error', () => undefined)
          .on('close', () => {
            this.#sockets.delete(socket);
            secure.destroy();
            plain.destroy();
          });
      }
      secure.pipe(plain).pipe(secure);
    });
    this.#server.on('tlsClientError', () => undefined);
  }

  static async listen(
    identity: TlsOptions,
    plainPort: number,
    host: string,
    port: number,
  ): Promise<Terminator> {
    const terminator = new Terminator(identity, plainPort);
    terminator.#server.listen(port, host);
    await once(terminator.#server, 'listening');
    return terminator;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    if (this.#server.listening) this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
