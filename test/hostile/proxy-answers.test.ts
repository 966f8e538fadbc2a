import assert from 'node:assert/strict';
import net, { type AddressInfo, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { GatehouseError } from '../../contract/failure.js';
import { Secret } from '../../contract/secret.js';
import { connectThroughProxy } from '../../src/cloud/connect-proxy.js';
import { LinkError } from '../../src/cloud/link-error.js';
import { dialCloud, tlsContext } from '../../workers/dial/cloud.js';
import { until } from '../helpers/until.js';
import { bytesOf, surface, type Case, type Written } from './cases.js';

interface ProxyCase extends Case {
  readonly answer: Written;
  readonly mqtt: string;
  readonly tunnel: string;
}

const SECRETS = /pr0xypass|c2VjcmV0|0123456789abcdef/;

describe('the answer of a proxy', () => {
  let answer: Buffer = Buffer.alloc(0);
  const sockets = new Set<Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.once('data', () => socket.end(answer));
  });
  let port = 0;

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  async function mqttOutcome(): Promise<string> {
    const proxy = { host: '127.0.0.1', port, user: 'u', password: new Secret('pr0xypass') };
    const { signal } = new AbortController();
    try {
      const dial = connectThroughProxy(
        { proxy, ca: undefined, minTlsVersion: 'TLSv1.2' },
        { host: 'acme.example.com', port: 8_883 },
        signal,
      );
      (await until('the dial', dial)).destroy();
      return 'up';
    } catch (error) {
      assert.ok(error instanceof LinkError, String(error));
      return error.message;
    }
  }

  /** Plain, so that what follows an opened tunnel is the end of the connection and not a failure of TLS. */
  async function tunnelOutcome(): Promise<string> {
    const tunnel = {
      url: 'ws://acme.example.com/service/remoteaccess/device/0123456789abcdef',
      authorization: 'Basic c2VjcmV0',
      endpoint: { host: '127.0.0.1', port, addresses: ['127.0.0.1'] },
      proxy: { authorization: 'Basic c2VjcmV0' },
    };
    try {
      const { wire } = await until(
        'the dial',
        dialCloud(tunnel, tlsContext(undefined), 5_000, new AbortController().signal),
      );
      wire.socket.destroy();
      return 'an upgrade';
    } catch (error) {
      assert.ok(error instanceof GatehouseError, String(error));
      return `${error.code}: ${error.message}`;
    }
  }

  for (const each of surface<ProxyCase>('proxy-answers').cases) {
    test(`${each.id}: ${each.mqtt}; ${each.tunnel}`, async () => {
      answer = bytesOf(each.answer);
      const mqtt = await mqttOutcome();
      if (each.mqtt === 'up') assert.equal(mqtt, 'up');
      else assert.ok(mqtt !== 'up' && mqtt.includes(each.mqtt), mqtt);
      const tunnel = await tunnelOutcome();
      assert.equal(tunnel.split(':')[0], each.tunnel === 'up' ? 'cloud-unreachable' : each.tunnel, tunnel);
      for (const text of [mqtt, tunnel]) {
        assert.match(text, /^[ -~]{2,400}$/);
        assert.doesNotMatch(text, SECRETS);
      }
    });
  }
});
