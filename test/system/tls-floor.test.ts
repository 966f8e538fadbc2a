import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { before, describe, test } from 'node:test';
import tls from 'node:tls';
import { Secret } from '../../contract/secret.js';
import { dialTcp, dialTls } from '../../src/cli/check/dial.js';
import { openTunnel } from '../../src/cli/connect/tunnel.js';
import { CurrentCredentials } from '../../src/cloud/authorization.js';
import { CloudClock } from '../../src/cloud/cloud-clock.js';
import { openMqttTransport } from '../../src/cloud/mqtt-transport.js';
import { RestClient } from '../../src/cloud/rest-client.js';
import { RestError } from '../../src/cloud/rest-error.js';
import { dialCloud, tlsContext } from '../../workers/dial/cloud.js';
import { gatehouse } from '../helpers/command.js';
import { serverIdentity, type Identity } from '../helpers/certificates.js';
import { until } from '../helpers/until.js';
import { cloudConfig } from '../unit/cloud/fixtures.js';

/** Longest time for a whole dial, in ms. */
const DIAL_MS = 10_000;

/** A way in which something of ours speaks TLS to the cloud. Rejects when there is no TLS. */
type Dial = (port: number, ca: string, minTlsVersion: 'TLSv1.2' | 'TLSv1.3') => Promise<unknown>;

const DIALS: Readonly<Record<string, Dial>> = {
  REST: async (port, ca, minTlsVersion) => {
    const cloud = cloudConfig(`https://localhost:${port}`, { ca, minTlsVersion });
    const rest = new RestClient({
      cloud,
      credentials: new CurrentCredentials(cloud),
      clock: new CloudClock({ now: Date.now }),
      parseJson: (document) => JSON.parse(document.toString('utf8')) as unknown,
      requestMs: DIAL_MS,
    });
    try {
      await rest.send({ method: 'GET', path: '/' });
    } catch (error) {
      assert.ok(error instanceof RestError);
      if (error.kind !== 'status') throw error;
    } finally {
      await rest.close();
    }
  },
  MQTT: async (port, ca, minTlsVersion) => {
    const options = { url: `mqtts://localhost:${port}`, ca, minTlsVersion, proxy: undefined };
    const stream = await openMqttTransport({ ...options, connectMs: DIAL_MS }, new AbortController().signal);
    stream.destroy();
  },
  'the tunnel': async (port, ca, minTlsVersion) => {
    const tunnel = {
      url: `wss://localhost:${port}/service/remoteaccess/device/0123456789abcdef`,
      authorization: 'Basic dGVzdDp0ZXN0',
      endpoint: { host: 'localhost', port, addresses: ['127.0.0.1'] },
    };
    const context = tlsContext(ca, minTlsVersion);
    await dialCloud(tunnel, context, DIAL_MS, new AbortController().signal).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'cloud-key-unknown')) throw error;
    });
  },
  'gatehouse check': async (port, ca, minTlsVersion) => {
    const { signal } = new AbortController();
    const place = { host: 'localhost', port };
    const socket = await dialTcp({ ...place, host: '127.0.0.1' }, signal);
    (await dialTls(socket, place, { ca, minTlsVersion }, signal)).destroy();
  },
};

/** The operator's end has no configuration, and so no minimum of its own. */
const CONNECT: Dial = async (port, ca) => {
  const url = `wss://localhost:${port}/x`;
  await openTunnel({ url, authorization: new Secret('Basic dGVzdDp0ZXN0'), ca }).catch((error: unknown) => {
    if (!(error instanceof Error && error.message.includes('404'))) throw error;
  });
};

/** A server that has TLS and answers 404 to whatever comes over it. */
class Server {
  readonly #server: tls.Server;
  readonly #sockets = new Set<Socket>();

  constructor(options: tls.TlsOptions) {
    this.#server = tls.createServer(options, (socket) => {
      socket
        .on('error', () => undefined)
        .on('data', () => {
          socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        });
    });
    this.#server
      .on('tlsClientError', () => undefined)
      .on('connection', (socket: Socket) => {
        this.#sockets.add(socket.on('error', () => undefined));
      });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Servers that would like to be weaker than we allow, and ours of today; the weak ones offer it on any Node. */
const WEAK = { ciphers: 'DEFAULT@SECLEVEL=0' };

async function outcome(dial: Dial, options: tls.TlsOptions, ca: string, minimum: 'TLSv1.2' | 'TLSv1.3') {
  const server = new Server(options);
  const port = await server.listen();
  try {
    return await until(
      'the dial',
      dial(port, ca, minimum).then(
        () => 'up',
        (error: unknown) => {
          assert.ok(error instanceof Error);
          return 'refused';
        },
      ),
    );
  } finally {
    await server.close();
  }
}

let rsa1024: Identity;
let rsa2048: Identity;
let p256: Identity;
before(async () => {
  [rsa1024, rsa2048, p256] = await Promise.all([
    serverIdentity({ key: 'rsa-1024' }),
    serverIdentity({ key: 'rsa-2048' }),
    serverIdentity(),
  ]);
});

for (const [name, dial] of Object.entries({ ...DIALS, 'gatehouse connect': CONNECT })) {
  describe(`${name} over TLS`, () => {
    test('takes certificates of today, with TLS 1.2 and 1.3', async () => {
      for (const identity of [rsa2048, p256]) {
        for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
          const options = { ...identity.server, minVersion: version, maxVersion: version };
          assert.equal(await outcome(dial, options, identity.ca, 'TLSv1.2'), 'up', version);
        }
      }
    });

    test('refuses a certificate with an RSA key of 1,024 bits (E08)', async () => {
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const options = { ...rsa1024.server, ...WEAK, maxVersion: version };
        assert.equal(await outcome(dial, options, rsa1024.ca, 'TLSv1.2'), 'refused', version);
      }
    });

    test('refuses TLS 1.1', async () => {
      const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
      assert.equal(await outcome(dial, { ...p256.server, ...WEAK, ...old }, p256.ca, 'TLSv1.2'), 'refused');
    });

    test('refuses a certificate that nobody vouches for', async () => {
      assert.equal(await outcome(dial, p256.server, rsa2048.ca, 'TLSv1.2'), 'refused');
    });
  });
}

for (const [name, dial] of Object.entries(DIALS)) {
  test(`${name} refuses TLS 1.2 where the configuration wants 1.3`, async () => {
    const old = { ...p256.server, maxVersion: 'TLSv1.2' } as const;
    assert.equal(await outcome(dial, old, p256.ca, 'TLSv1.3'), 'refused');
    assert.equal(await outcome(dial, p256.server, p256.ca, 'TLSv1.3'), 'up');
  });
}

describe('with verification of certificates turned off in the environment', () => {
  /** A configuration without a fault of its own. */
  const env = {
    C8Y_BASEURL: 'https://localhost:1',
    C8Y_USER: 'gw',
    C8Y_PASSWORD: 'no-matter-what',
    GATEHOUSE_DEVICE_EXTERNAL_ID: 'gw-7',
  };
  for (const args of [['run'], ['check'], ['explain', '10.0.0.1:22'], ['connect', 'gw-7', 'ssh']]) {
    test(`gatehouse ${args.join(' ')} refuses to start and says what to do`, async () => {
      const unsafe = { ...env, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
      const { code, stderr } = await gatehouse(args, { env: unsafe });
      assert.equal(code, 78, stderr);
      assert.match(stderr, /NODE_TLS_REJECT_UNAUTHORIZED.* turns verification of certificates off; unset it/);
      assert.match(stderr, /name the root to trust in (cloud\.caFile|--ca FILE)/);
    });
  }
});
