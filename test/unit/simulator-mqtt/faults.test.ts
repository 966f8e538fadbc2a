import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { connect as dial } from 'node:net';
import { connect as connectMqtt, connectAsync } from 'mqtt';
import type { MqttClientSession } from '../../../simulator/mqtt/mqtt.js';
import { closed, connect, LIMIT_MS, LOGIN, startBench, until } from './bench.js';

async function startConnected(context: TestContext) {
  const bench = await startBench(context);
  const { id } = bench.platform.ensureDevice('gw-7');
  const { client, inbox } = await connect(context, bench.url);
  await client.subscribeAsync('s/ds', { qos: 1 });
  const [session] = bench.server.clients();
  assert.ok(session !== undefined);
  return { ...bench, client, inbox, session, request: () => bench.platform.operations.create(id, OPERATION) };
}

const OPERATION = {
  c8y_RemoteAccessConnect: { hostname: '10.0.0.1', port: 22, connectionKey: 'k' },
};
const LINE = '530,gw-7,10.0.0.1,22,k';

test('a topic can be refused', async (context) => {
  const { server, client } = await startConnected(context);
  server.faults.refusedTopics.add('s/e');
  await assert.rejects(client.subscribeAsync('s/e'));
});

test('CONNACK can stay away', async (context) => {
  const { server } = await startBench(context);
  server.faults.neverConnack = true;
  const client = connectMqtt(`mqtt://127.0.0.1:${server.port ?? 0}`, { ...LOGIN, connectTimeout: 200 });
  client.on('error', () => undefined);
  context.after(() => client.endAsync(true));
  let gaveUp = false;
  client.once('close', () => (gaveUp = true));
  await until(() => gaveUp, 'the client gave up');
  assert.equal(client.connected, false);
  assert.deepEqual(server.clients(), []);
});

test('the next connects can be refused with a code, as often as wanted', async (context) => {
  const { server, url } = await startBench(context);
  server.faults.connackCode = { value: 3, times: 2 };
  await assert.rejects(connectAsync(url, LOGIN, false), { code: 3 });
  await assert.rejects(connectAsync(url, LOGIN, false), { code: 3 });
  const { client } = await connect(context, url);
  assert.ok(client.connected);
});

test('a client can be cut right after its CONNACK', async (context) => {
  const { server, url } = await startBench(context);
  server.faults.cutAfterConnack = 1;
  const client = connectMqtt(url, LOGIN);
  context.after(() => client.endAsync(true));
  const seen: string[] = [];
  client.on('connect', () => seen.push('connect'));
  client.on('close', () => seen.push('close'));
  client.on('error', () => undefined);
  await until(() => seen.includes('close'), 'the client is cut');
  await connect(context, url);
});

/** Each ends the connection of a client in its own way. */
const endings: readonly (readonly [title: string, act: (session: MqttClientSession) => void])[] = [
  ['a kick', (session) => session.kick()],
  ['a second CONNACK with a code', (session) => session.refuseNow(5)],
];

for (const [title, act] of endings) {
  test(`${title} ends the connection`, async (context) => {
    const { client, session, server } = await startConnected(context);
    act(session);
    await closed(client);
    await until(() => server.clients().length === 0, 'the server knows');
  });
}

test('a second CONNACK and garbage reach the client as bytes', async (context) => {
  const { server } = await startBench(context);
  const socket = dial(server.port ?? 0, '127.0.0.1');
  context.after(() => socket.destroy());
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])));
  const text = (value: string) => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)]);
  const login = [text('gw-7'), text('t0815/device_gw-7'), text('secret')];
  const body = Buffer.concat([text('MQTT'), Buffer.from([4, 0xc2, 0, 60]), ...login]);
  socket.write(Buffer.concat([Buffer.from([0x10, body.length]), body]));
  await until(() => server.clients().length === 1, 'the client is logged in');
  const [session] = server.clients();
  session?.sendGarbage(Buffer.from([0xff, 0xfe]));
  session?.refuseNow(5);
  await once(socket, 'end', { signal: AbortSignal.timeout(LIMIT_MS) });
  assert.deepEqual([...received], [0x20, 2, 0, 0, 0xff, 0xfe, 0x20, 2, 0, 5]);
});

test('an oversized message can be sent', async (context) => {
  const { inbox, session } = await startConnected(context);
  session.sendOversized('s/ds', 100_000);
  assert.equal((await inbox.of('s/ds'))[0]?.length, 100_000);
});

test('acknowledgements can be dropped although the publish takes effect', async (context) => {
  const { server, client, platform } = await startConnected(context);
  server.faults.droppedAcknowledgements = 1;
  let acknowledged = false;
  const first = client.publishAsync('s/us', '114,one', { qos: 1 }).then(() => (acknowledged = true));
  first.catch(() => undefined);
  await client.publishAsync('s/us', '150,SSH', { qos: 1 });
  await until(
    () => platform.deviceBySerial('gw-7')?.c8y_RemoteAccessSupportedProtocols !== undefined,
    'both took effect',
  );
  assert.deepEqual(platform.deviceBySerial('gw-7')?.c8y_SupportedOperations, ['one']);
  assert.equal(acknowledged, false);
});

test('deliveries can come twice, late, and again until somebody answers', async (context) => {
  const { server, inbox, request, platform } = await startConnected(context);
  server.faults.duplicateDeliveries = 1;
  server.faults.deliveryDelayMs = 20;
  request();
  assert.deepEqual(inbox.all('s/ds'), []);
  assert.deepEqual(await inbox.of('s/ds', 2), [LINE, LINE]);
  server.faults.duplicateDeliveries = 0;
  server.faults.redeliveryMs = 5;
  const { id } = request();
  assert.deepEqual((await inbox.of('s/ds', 5)).slice(2, 5), [LINE, LINE, LINE]);
  platform.operations.update(id, { status: 'EXECUTING' });
});

test('every connection can be dropped at once', async (context) => {
  const { server, client, url } = await startConnected(context);
  server.dropConnections();
  await closed(client);
  await connect(context, url);
});
