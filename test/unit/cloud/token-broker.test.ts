import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { connectAsync } from 'mqtt';
import { Authority, type KeyAndCertificate } from '../../../simulator/tls/authority.js';
import { Secret } from '../../../contract/secret.js';
import type { DeviceCertificate } from '../../../src/config/config.js';
import { LinkError } from '../../../src/cloud/link-error.js';
import { mqttSettings } from '../../../src/cloud/mqtt-settings.js';
import { TokenBroker } from '../../../src/cloud/token-broker.js';
import { Mosquitto } from '../../helpers/mosquitto.js';
import { unlessMissing } from '../../helpers/programs.js';
import { cloudConfig, deviceConfig, FAST } from './fixtures.js';

const NEEDS = unlessMissing('mosquitto');
const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJndy03In0.c2ln';

/** A real broker that lets nobody in without a certificate of its authority, and somebody there who answers. */
async function started(t: TestContext, answers: readonly string[]) {
  const authority = await Authority.create('Plant devices');
  const server = await authority.issueServer();
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-broker-'));
  const file = (name: string, content: string): string => {
    writeFileSync(path.join(folder, name), content);
    return path.join(folder, name);
  };
  const broker = await Mosquitto.start(undefined, [
    `cafile ${file('ca.pem', authority.ca)}`,
    `certfile ${file('server.pem', server.cert)}`,
    `keyfile ${file('server.key', server.key)}`,
    'require_certificate true',
    'use_identity_as_username true',
  ]);
  t.after(async () => {
    await broker.stop();
    rmSync(folder, { recursive: true });
  });
  const platform = await connectAsync({
    host: 'localhost',
    port: broker.port,
    protocol: 'mqtts',
    ca: authority.ca,
    ...(await authority.issueDevice('platform')),
    reconnectPeriod: 0,
  });
  t.after(() => platform.endAsync(true));
  await platform.subscribeAsync('s/uat');
  platform.on('message', () => {
    for (const answer of answers) platform.publish('s/dat', answer);
  });
  return { authority, broker };
}

function brokerOf(
  port: number,
  ca: string,
  { key, cert }: KeyAndCertificate,
  mayConnect = true,
): TokenBroker {
  const certificate: DeviceCertificate = {
    chain: cert,
    key: new Secret(key),
    commonName: 'gw-7',
    validFromMs: 0,
    validToMs: 0,
  };
  const config = { cloud: cloudConfig('https://127.0.0.1', { ca }), device: deviceConfig() };
  const place = { url: `mqtts://localhost:${port}`, proxy: undefined };
  const identity = { login: () => undefined, certificate: () => certificate };
  const link = mqttSettings(config, { ...FAST, mqttConnectMs: 5_000, mqttAckMs: 5_000 }, place, identity);
  return new TokenBroker({ link, deviceName: 'Gateway 7', mayConnect: () => mayConnect });
}

const { signal } = new AbortController();

test('a mosquitto that demands certificates lets the device ask for its token', NEEDS, async (t) => {
  const { authority, broker } = await started(t, ['70,not,a,token', `71,${TOKEN}`]);
  const way = brokerOf(broker.port, authority.ca, await authority.issueDevice('gw-7'));
  assert.equal(await way.fetch(signal), TOKEN);
  assert.match(broker.log, /New client connected from \S+ as d:gw-7 \(p\d, c1, k20, u'gw-7'\)/);
  assert.doesNotMatch(broker.log, new RegExp(TOKEN));
});

test('a token in quotes is taken without them, and what is no token is not taken', NEEDS, async (t) => {
  const { authority, broker } = await started(t, ['71,', '71,to ken', `71,"${TOKEN}"\n`]);
  const way = brokerOf(broker.port, authority.ca, await authority.issueDevice('gw-7'));
  assert.equal(await way.fetch(signal), TOKEN);
});

test(
  'a certificate of another authority is refused in the handshake, and told as what it is',
  NEEDS,
  async (t) => {
    const { authority, broker } = await started(t, [`71,${TOKEN}`]);
    const stranger = await Authority.create('Strangers');
    const way = brokerOf(broker.port, authority.ca, await stranger.issueDevice('gw-7'));
    const error: unknown = await way.fetch(signal).catch((reason: unknown) => reason);
    assert.ok(error instanceof LinkError, String(error));
    assert.doesNotMatch(error.message, /PRIVATE KEY/);
  },
);

test('no connection is opened while the client id is that of the next generation', NEEDS, async (t) => {
  const { authority, broker } = await started(t, [`71,${TOKEN}`]);
  const way = brokerOf(broker.port, authority.ca, await authority.issueDevice('gw-7'), false);
  await assert.rejects(way.fetch(signal), /is that of the next generation of the agent/);
  assert.doesNotMatch(broker.log, /d:gw-7/);
});
