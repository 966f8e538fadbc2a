import assert from 'node:assert/strict';
import net, { type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Secret } from '../../../contract/secret.js';
import { cloudConfig, deviceConfig, deviceSide, FAST, until } from './fixtures.js';
import { documentOf, OPERATIONS, started, texts } from './mqtt-side.js';
import { reply } from './scripted-cloud.js';

test('operations arrive by message, several in one, and its login is the device’s', async (t) => {
  const { broker, cloud, side, gatewayId } = await started(t);
  await until(() => side.state() === 'connected', 'the connection');
  assert.deepEqual(broker.logins, [{ id: 'd:gw-7', username: 't0815/device_gw-7', password: 'p4ssw0rd' }]);
  assert.deepEqual(broker.subscribed, [OPERATIONS, 's/e']);
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
        if (one.subscribed.length === 2 * one.connections) one.cut();
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
