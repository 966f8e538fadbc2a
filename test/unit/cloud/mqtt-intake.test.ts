import assert from 'node:assert/strict';
import net, { type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Secret } from '../../../contract/secret.js';
import type { Config } from '../../../src/config/config.js';
import { CERTIFICATE } from './certificate.js';
import { ConnectProxyServer } from './connect-proxy-server.js';
import { cloudConfig, deviceConfig, deviceSide, FAST, until, type Side } from './fixtures.js';
import { reply, ScriptedCloud } from './scripted-cloud.js';
import { ScriptedBroker } from './scripted-broker.js';

const OPERATIONS = 'devicecontrol/notifications';

interface Started {
  readonly cloud: ScriptedCloud;
  readonly broker: ScriptedBroker;
  readonly side: Side;
  readonly gatewayId: string;
}

interface Wishes {
  readonly kind?: 'mqtt' | 'mqtts' | 'ws';
  readonly prepare?: (broker: ScriptedBroker, cloud: ScriptedCloud) => void;
  readonly options?: Parameters<typeof deviceSide>[1];
  readonly children?: string[];
  readonly overrides?: Partial<Config['cloud']>;
  readonly mqttUrl?: (broker: ScriptedBroker) => string;
}

async function started(t: TestContext, wishes: Wishes = {}): Promise<Started> {
  const broker = await ScriptedBroker.start(wishes.kind);
  const cloud = await ScriptedCloud.start();
  const gatewayId = cloud.addDevice('gw-7');
  wishes.prepare?.(broker, cloud);
  const mqttUrl = wishes.mqttUrl?.(broker) ?? `mqtt://127.0.0.1:${broker.port}`;
  const side = deviceSide(
    {
      cloud: cloudConfig(cloud.url, wishes.overrides),
      device: deviceConfig(wishes.children),
      intake: { kind: 'mqtt', mqttUrl, operationAgeMs: 300_000 },
    },
    wishes.options,
  );
  t.after(async () => {
    await side.cloud.close();
    await broker.stop();
    await cloud.stop();
  });
  side.cloud.intake.start();
  return { cloud, broker, side, gatewayId };
}

const documentOf = (cloud: ScriptedCloud, id: string) => JSON.stringify(cloud.operations.get(id));
const texts = (side: Side) => JSON.stringify([side.links, side.log.lines]);

test('operations arrive by message, several in one, and its login is the device’s', async (t) => {
  const { broker, cloud, side, gatewayId } = await started(t);
  await until(() => side.state() === 'connected', 'the connection');
  assert.deepEqual(broker.logins, [{ id: 'd:gw-7', username: 't0815/device_gw-7', password: 'p4ssw0rd' }]);
  assert.deepEqual(broker.subscribed, [OPERATIONS]);
  const ids = [cloud.addOperation(gatewayId), cloud.addOperation(gatewayId)];
  broker.send(OPERATIONS, ids.map((id) => documentOf(cloud, id)).join('\n'));
  await until(() => ids.every((id) => side.delivered.includes(id)), 'both operations');
});

test('B18: after every connect the list of operations is swept', async (t) => {
  const { broker, cloud, side, gatewayId } = await started(t);
  await until(() => cloud.seen('GET', /devicecontrol/).length === 2, 'the first sweep');
  await broker.pause();
  await until(() => side.state() === 'disconnected', 'the outage to be noticed');
  const id = cloud.addOperation(gatewayId);
  await broker.listen();
  await until(() => side.delivered.includes(id), 'the operation');
});

for (const code of [1, 2, 3, 4, 5]) {
  test(`B01: CONNACK ${code} is explained, and tried again until it is well`, async (t) => {
    const { broker, side } = await started(t, { prepare: (one) => (one.connack = code) });
    await until(() => broker.logins.length >= 3, 'three tries');
    assert.match(texts(side), new RegExp(`CONNACK ${code}`));
    assert.doesNotMatch(texts(side), /p4ssw0rd/);
    broker.connack = 0;
    await until(() => side.state() === 'connected', 'the connection');
  });
}

test('B02: a broker that never answers CONNECT is left at the deadline', async (t) => {
  let accepted = 0;
  const silent = net.createServer((socket) => {
    accepted += 1;
    socket.on('error', () => undefined).resume();
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { side } = await started(t, {
    mqttUrl: () => `mqtt://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    options: { timing: { ...FAST, mqttConnectMs: 30 } },
  });
  await until(() => accepted >= 2, 'the second try');
  assert.match(texts(side), /connack timeout/);
  await side.cloud.close();
  silent.close();
});

test('B03: thrown out three times right after connecting, it says why and goes to the cap', async (t) => {
  const waits: number[] = [];
  const { broker, side } = await started(t, {
    options: {
      timing: { ...FAST, backoff: { ...FAST.backoff, capMs: 1e6 } },
      random: () => {
        waits.push(broker.connections);
        return 0;
      },
    },
    prepare: (one) => {
      const kick = setInterval(() => {
        if (one.subscribed.length === one.connections) one.cut();
      }, 2);
      t.after(() => clearInterval(kick));
    },
  });
  await until(() => texts(side).includes('another client uses the id d:gw-7'), 'the explanation');
  assert.equal(broker.connections, 3);
});

test('B05: a refused subscription is not ready; the device is announced and it is tried again', async (t) => {
  const { broker, side } = await started(t, { prepare: (one) => (one.refuseSubscriptions = true) });
  await until(() => broker.on('s/us').length >= 2, 'the device to be announced twice');
  assert.equal(broker.on('s/us')[0], '100,Gateway 7,c8y_MQTTDevice');
  assert.equal(side.state(), 'disconnected');
  broker.refuseSubscriptions = false;
  await until(() => side.state() === 'connected', 'the connection');
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

test('a message that the parser chokes on does not end the connection', async (t) => {
  const { broker, cloud, side, gatewayId } = await started(t);
  await until(() => side.state() === 'connected', 'the connection');
  broker.send(OPERATIONS, 'not JSON, key-of-1-secret');
  const id = cloud.addOperation(gatewayId);
  broker.send(OPERATIONS, documentOf(cloud, id));
  await until(() => side.delivered.includes(id), 'the operation');
  assert.equal(side.links.length, 1);
  assert.doesNotMatch(texts(side), /key-of/);
});

test('B11: a broker that stops answering pings is noticed', async (t) => {
  const { broker, side } = await started(t, { options: { timing: { ...FAST, mqttKeepAliveMs: 1_000 } } });
  await until(() => side.state() === 'connected', 'the connection');
  for (const socket of broker.sockets)
    socket.removeAllListeners('readable').removeAllListeners('data').resume();
  await until(() => side.links.length >= 2, 'the silence to be noticed');
});

test('statuses go to the topic of their device, by id, and the rest by REST', async (t) => {
  const { broker, cloud, side, gatewayId } = await started(t, { children: ['plc-1', 'plc/2'] });
  await until(() => side.state() === 'connected', 'the connection');
  const childId = cloud.identities.get('c8y_Serial/plc-1') ?? '';
  const oddId = cloud.identities.get('c8y_Serial/plc/2') ?? '';
  const { status } = side.cloud;
  status.report({ operationId: '1', deviceId: gatewayId, status: 'EXECUTING' });
  status.report({ operationId: '1', deviceId: gatewayId, status: 'SUCCESSFUL' });
  status.report({
    operationId: '2',
    deviceId: childId,
    status: 'FAILED',
    failureReason: 'cancelled: a, "b"',
  });
  cloud.operations.set('3', { id: '3' }).set('4', { id: '4' });
  status.report({ operationId: '3', deviceId: oddId, status: 'FAILED', failureReason: 'x' });
  status.report({ operationId: '4', deviceId: '777', status: 'FAILED', failureReason: 'y' });
  await status.flush(5_000);
  assert.deepEqual(broker.on('s/us'), ['504,1', '506,1']);
  assert.deepEqual(broker.on('s/us/plc-1'), ['505,2,"cancelled: a, ""b"""']);
  assert.deepEqual(cloud.statuses('3'), [{ status: 'FAILED', failureReason: 'x' }]);
  assert.deepEqual(cloud.statuses('4'), [{ status: 'FAILED', failureReason: 'y' }]);
});

test('B13: a status reported while offline waits and is sent after the next connect', async (t) => {
  const { broker, side, gatewayId } = await started(t);
  await until(() => side.state() === 'connected', 'the connection');
  await broker.pause();
  await until(() => side.state() === 'disconnected', 'the outage to be noticed');
  side.cloud.status.report({ operationId: '1', deviceId: gatewayId, status: 'SUCCESSFUL' });
  assert.equal(side.cloud.status.size, 1);
  await broker.listen();
  await until(() => side.cloud.status.size === 0, 'the delivery');
  assert.deepEqual(broker.on('s/us'), ['506,1']);
});

test('B14: a status without PUBACK is sent again', async (t) => {
  const { broker, side, gatewayId } = await started(t, { options: { timing: { ...FAST, mqttAckMs: 200 } } });
  await until(() => side.state() === 'connected', 'the connection');
  broker.holdPubacks = true;
  side.cloud.status.report({ operationId: '1', deviceId: gatewayId, status: 'SUCCESSFUL' });
  await until(() => broker.on('s/us').length >= 2, 'the repetition');
  assert.equal(side.cloud.status.size, 1);
  broker.holdPubacks = false;
  broker.cut();
  await until(() => side.cloud.status.size === 0, 'the delivery');
});

test('after stop nothing is delivered, but statuses still go out', async (t) => {
  const { broker, cloud, side, gatewayId } = await started(t);
  await until(() => side.state() === 'connected', 'the connection');
  await side.cloud.intake.stop();
  broker.send(OPERATIONS, documentOf(cloud, cloud.addOperation(gatewayId)));
  side.cloud.status.report({ operationId: '1', deviceId: gatewayId, status: 'SUCCESSFUL' });
  await side.cloud.status.flush(5_000);
  assert.deepEqual(broker.on('s/us'), ['506,1']);
  assert.deepEqual(side.delivered, []);
  await side.cloud.close();
  assert.equal(side.state(), 'disconnected');
});

test('close does not wait for a broker that is silent', async (t) => {
  const silent = net.createServer((socket) => void socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  let accepted = false;
  silent.on('connection', () => (accepted = true));
  const { side } = await started(t, {
    mqttUrl: () => `mqtt://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    options: { timing: { ...FAST, mqttConnectMs: 1e6 } },
  });
  await until(() => accepted, 'the connection');
  await side.cloud.close();
  await new Promise((resolve) => silent.close(resolve));
});

test('close cuts a connection whose last status is never acknowledged', async (t) => {
  const { broker, side, gatewayId } = await started(t, { options: { timing: { ...FAST, mqttAckMs: 1e6 } } });
  await until(() => side.state() === 'connected', 'the connection');
  broker.holdPubacks = true;
  side.cloud.status.report({ operationId: '1', deviceId: gatewayId, status: 'SUCCESSFUL' });
  await until(() => broker.on('s/us').length === 1, 'the status');
  await side.cloud.close();
  await until(() => broker.sockets.size === 0, 'the end of the connection');
});

test('TLS needs a root that is trusted, and works with the configured one', async (t) => {
  const mqttUrl = (broker: ScriptedBroker) => `mqtts://localhost:${broker.port}`;
  const untrusted = await started(t, { kind: 'mqtts', mqttUrl });
  await until(() => untrusted.side.state() === 'disconnected', 'the refusal');
  assert.match(
    texts(untrusted.side),
    /TLS to localhost:\d+ failed \(\w*SELF_SIGNED_CERT\w*\); nothing was sent/,
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

test('a token cannot log in over MQTT, which is said before anything is connected', () => {
  assert.throws(
    () =>
      deviceSide({
        cloud: cloudConfig('http://127.0.0.1:9', {
          credentials: { kind: 'token', token: new Secret('e.y.J') },
        }),
        device: deviceConfig(),
        intake: { kind: 'mqtt', mqttUrl: 'mqtt://127.0.0.1:9', operationAgeMs: 1 },
      }),
    /needs cloud.user and cloud.password/,
  );
});

test('the device is looked up again when the broker does not know it', async (t) => {
  const { broker, cloud, side } = await started(t, {
    prepare: (one) => (one.refuseSubscriptions = true),
  });
  const lookUps = () => cloud.seen('GET', /^\/identity/).length;
  await until(() => lookUps() >= 2, 'the second look-up');
  broker.refuseSubscriptions = false;
  await until(() => side.state() === 'connected', 'the connection');
  cloud.scripts.push((_request, response) => {
    reply(response, 500, {});
    return true;
  });
  const before = lookUps();
  broker.cut();
  await until(() => side.links.length >= 3 && side.state() === 'connected', 'the next connection');
  assert.equal(lookUps(), before);
});
