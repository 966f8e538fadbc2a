import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { connectAsync } from 'mqtt';
import { Authority } from '../../../simulator/tls/authority.js';
import { connect, LOGIN, startBench } from './bench.js';

async function startSecure(context: TestContext) {
  const authority = await Authority.create('Server CA');
  const tls = { ...(await authority.issueServer()), ca: authority.ca };
  const bench = await startBench(context, { securePort: 0, tls });
  const devices = await Authority.create('Device CA');
  bench.platform.trustedCertificates.add(devices.ca);
  const url = `mqtts://127.0.0.1:${bench.server.securePort ?? 0}`;
  return { ...bench, authority, devices, ca: authority.ca, url };
}

test('a device logs in over TLS with its password', async (context) => {
  const { url, ca, platform } = await startSecure(context);
  const { client } = await connect(context, url, { ca });
  await client.publishAsync('s/us', '114,c8y_RemoteAccessConnect', { qos: 2 });
  assert.deepEqual(platform.deviceBySerial('gw-7')?.c8y_SupportedOperations, ['c8y_RemoteAccessConnect']);
});

test('a device certificate logs in without a password, registers its device and gets a token', async (context) => {
  const { url, ca, platform, devices } = await startSecure(context);
  const { key, cert } = await devices.issueDevice('gw-8');
  const { client, inbox } = await connect(context, url, {
    ...{ ca, key, cert, clientId: 'd:gw-8' },
    ...{ username: undefined, password: undefined },
  });
  await client.publishAsync('s/us', '100', { qos: 2 });
  await client.subscribeAsync('s/dat');
  await client.publishAsync('s/uat', '');
  const [line = ''] = await inbox.of('s/dat');
  const token = line.slice('71,'.length);
  assert.equal(platform.users.authenticate(`Bearer ${token}`)?.name, 'device_gw-8');
});

test('a certificate of another device or of an unknown authority is refused whatever the password', async (context) => {
  const { url, ca, authority, devices } = await startSecure(context);
  for (const { key, cert } of [await devices.issueDevice('gw-8'), await authority.issueDevice('gw-7')]) {
    await assert.rejects(connectAsync(url, { ...LOGIN, ca, key, cert }, false), { code: 5 });
  }
});

test('a device logs in over WebSocket on the path /mqtt of an HTTP server', async (context) => {
  const { server, platform } = await startBench(context);
  const http = createServer();
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  context.after(() => http.close());
  server.attach(http);
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/mqtt`;
  const { client, inbox } = await connect(context, url);
  await client.publishAsync('s/us', '100', { qos: 1 });
  await client.subscribeAsync('s/ds');
  const { id } = platform.ensureDevice('gw-7');
  platform.operations.create(id, {
    c8y_RemoteAccessConnect: { hostname: '10.0.0.1', port: 22, connectionKey: 'k' },
  });
  assert.deepEqual(await inbox.of('s/ds'), ['530,gw-7,10.0.0.1,22,k']);
});
