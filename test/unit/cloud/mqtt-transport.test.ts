import assert from 'node:assert/strict';
import net, { type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { CERTIFICATE } from './certificate.js';
import { ConnectProxyServer } from './connect-proxy-server.js';
import { FAST, until } from './fixtures.js';
import { started, texts } from './mqtt-side.js';
import type { ScriptedBroker } from './scripted-broker.js';

test('B02: a broker that never answers CONNECT is left at the deadline', async (t) => {
  let accepted = 0;
  const silent = net.createServer((socket) => {
    accepted += 1;
    socket.on('error', () => undefined).resume();
  });
  t.after(() => silent.close());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { side } = await started(t, {
    mqttUrl: () => `mqtt://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    options: { timing: { ...FAST, mqttConnectMs: 200 } },
  });
  // On a machine that is busy the first tries may not get as far as CONNECT.
  await until(() => accepted >= 2 && texts(side).includes('connack timeout'), 'the second try', 20_000);
});

test('B09: a packet that is too big ends the connection at its header', async (t) => {
  const { broker, side } = await started(t);
  await until(() => side.state() === 'connected', 'the connection');
  for (const socket of broker.sockets) socket.write(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f));
  await until(() => side.links.length >= 2, 'the end of the connection');
  assert.match(texts(side), /announced a packet of more than 65536 bytes/);
  await until(() => side.state() === 'connected', 'the next connection');
});

test('B10: garbage ends the connection with one line', async (t) => {
  const { broker, side } = await started(t);
  await until(() => side.state() === 'connected', 'the connection');
  // A PUBLISH whose topic is longer than its packet passes the length guard and fails in the parser, 50 times.
  const bad = Buffer.from('300200ff'.repeat(50), 'hex');
  for (const socket of broker.sockets) socket.write(bad);
  await until(() => side.links.length >= 3, 'the next connection');
  assert.equal(side.log.warnings().length, 1);
});

test('a second CONNACK with an error ends the connection and nothing else', async (t) => {
  const { broker, side } = await started(t);
  await until(() => side.state() === 'connected', 'the connection');
  for (const socket of broker.sockets) socket.write(Buffer.from('20020005', 'hex'));
  await until(() => side.links.length >= 3 && side.state() === 'connected', 'the next connection');
});

test('TLS needs a root that is trusted, and works with the configured one', async (t) => {
  const mqttUrl = (broker: ScriptedBroker) => `mqtts://localhost:${broker.port}`;
  const untrusted = await started(t, { kind: 'mqtts', mqttUrl });
  await until(() => untrusted.side.state() === 'disconnected', 'the refusal');
  assert.match(
    texts(untrusted.side),
    /TLS to localhost:\d+ failed: .*\(\w*SELF_SIGNED_CERT\w*\); nothing was sent/,
  );
  assert.deepEqual(untrusted.broker.logins, []);
  const trusted = await started(t, { kind: 'mqtts', mqttUrl, overrides: { ca: CERTIFICATE } });
  await until(() => trusted.side.state() === 'connected', 'the connection');
});

test('MQTT over a WebSocket works, and a wrong path is explained', async (t) => {
  const good = await started(t, { kind: 'ws', mqttUrl: (broker) => `ws://127.0.0.1:${broker.port}/mqtt` });
  await until(() => good.side.state() === 'connected', 'the connection');
  const bad = await started(t, { kind: 'ws', mqttUrl: (broker) => `ws://127.0.0.1:${broker.port}/other` });
  await until(() => bad.side.state() === 'disconnected', 'the refusal');
  assert.match(texts(bad.side), /\/other answered 400 instead of an upgrade/);
});

test('MQTT goes through the proxy, with TLS inside', async (t) => {
  const proxy = await ConnectProxyServer.start();
  t.after(() => proxy.stop());
  const { side, broker } = await started(t, {
    kind: 'mqtts',
    mqttUrl: (one) => `mqtts://cloud.test:${one.port}`,
    overrides: { ca: CERTIFICATE, proxy: proxy.config() },
  });
  await until(() => side.state() === 'connected', 'the connection');
  assert.ok(proxy.targets.includes(`cloud.test:${broker.port}`));
});

test('a proxy that wants other credentials is named', async (t) => {
  const proxy = await ConnectProxyServer.start();
  t.after(() => proxy.stop());
  const wrong = proxy.config('wrong');
  const { side } = await started(t, { overrides: { proxy: wrong } });
  await until(() => side.state() === 'disconnected', 'the refusal');
  assert.match(texts(side), /the proxy 127\.0\.0\.1:\d+ answered 407 to CONNECT/);
  assert.doesNotMatch(texts(side), /wrong"|Basic/);
});
