import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect as dial } from 'node:net';
import { connectAsync, type IClientOptions } from 'mqtt';
import { MAX_PACKET_BYTES } from '../../../simulator/mqtt/frame-meter.js';
import { closed, connect, LIMIT_MS, LOGIN, startBench, until } from './bench.js';

const limit = () => ({ signal: AbortSignal.timeout(LIMIT_MS) });

async function refusal(url: string, options: IClientOptions): Promise<unknown> {
  try {
    const client = await connectAsync(url, { ...LOGIN, ...options }, false);
    await client.endAsync(true);
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

test('a device logs in with its credentials, and with nothing else', async (context) => {
  const { url, server, platform } = await startBench(context);
  const { client } = await connect(context, url);
  assert.ok(client.connected);
  assert.deepEqual(
    server.clients().map(({ identifier, user }) => [identifier, user.name]),
    [['gw-7', 'device_gw-7']],
  );
  assert.equal(await refusal(url, { password: 'wrong' }), 4);
  assert.equal(await refusal(url, { username: 'other/device_gw-7' }), 4);
  assert.equal(await refusal(url, { clientId: 'a:b:c:d' }), 2);
  platform.ensureDevice('plc-9', {}, undefined, 'somebody');
  assert.equal(await refusal(url, { clientId: 'd:plc-9' }), 5);
});

test('the newer connection of a device identifier wins', async (context) => {
  const { url, server } = await startBench(context);
  const older = await connect(context, url, { clientId: 'd:gw-7' });
  const gone = closed(older.client);
  const newer = await connect(context, url, { clientId: 'other:gw-7:template' });
  await gone;
  assert.ok(newer.client.connected);
  assert.equal(server.clients().length, 1);
  await newer.client.publishAsync('s/us', '100,one,two', { qos: 1 });
});

test('a packet beyond the limit ends the connection, one at the limit does not', async (context) => {
  const { url } = await startBench(context);
  const { client } = await connect(context, url);
  // Header 3, topic 2 + 4, message id 2.
  const atLimit = `400,a,${'x'.repeat(MAX_PACKET_BYTES - 11 - 6)}`;
  await client.publishAsync('s/us', atLimit, { qos: 1 });
  const gone = closed(client);
  client.publish('s/us', `${atLimit}x`, { qos: 1 });
  await gone;
});

test('a subscription is refused before the device object exists and taken afterwards', async (context) => {
  const { url } = await startBench(context);
  const { client, inbox } = await connect(context, url);
  const granted = async (topic: string) => {
    try {
      return (await client.subscribeAsync(topic, { qos: 1 })).map(({ qos }) => qos);
    } catch {
      return 'refused';
    }
  };
  for (const topic of ['s/ds', 's/dat', 'devicecontrol/notifications', 's/us', '#']) {
    assert.equal(await granted(topic), 'refused', topic);
  }
  assert.deepEqual(await granted('s/e'), [1]);
  await client.publishAsync('s/us', '100', { qos: 1 });
  await client.publishAsync('s/us', '100', { qos: 1 });
  assert.deepEqual(await inbox.of('s/e'), ['41,100,Device already existing']);
  for (const topic of ['s/ds', 's/dat', 'devicecontrol/notifications']) {
    assert.deepEqual(await granted(topic), [1], topic);
  }
  assert.equal(await granted('s/us'), 'refused');
});

test('nothing that a client publishes reaches another or is kept for later', async (context) => {
  const { url, platform } = await startBench(context);
  platform.users.addDevice('gw-8', 'secret');
  platform.ensureDevice('gw-7');
  platform.ensureDevice('gw-8');
  const gw7 = await connect(context, url);
  await gw7.client.subscribeAsync('s/ds');
  const gw8 = await connect(context, url, { clientId: 'gw-8', username: 't0815/device_gw-8' });
  await gw8.client.publishAsync('s/ds', '530,gw-7,127.0.0.1,22,0', { qos: 1, retain: true });
  await gw8.client.subscribeAsync('s/ds');
  await gw8.client.publishAsync('s/us', '123', { qos: 1 });
  await gw7.client.publishAsync('s/us', '123', { qos: 1 });
  assert.match((await gw7.inbox.of('s/ds')).join(), /^124,\d+$/);
  assert.match((await gw8.inbox.of('s/ds')).join(), /^124,\d+$/);
});

test('the last will of a client that breaks off is carried out', async (context) => {
  const { url, server, platform } = await startBench(context);
  const { client } = await connect(context, url, {
    will: { topic: 's/us', payload: Buffer.from('114,c8y_LastWord'), qos: 1, retain: true },
  });
  client.stream.destroy();
  await until(() => server.clients().length === 0, 'the client is gone');
  await until(
    () => platform.deviceBySerial('gw-7')?.c8y_SupportedOperations !== undefined,
    'the will is carried out',
  );
});

test('a client that stays silent for one and a half keep-alive intervals is dropped', async (context) => {
  const { url, server } = await startBench(context);
  const socket = dial(server.port ?? 0, '127.0.0.1');
  context.after(() => socket.destroy());
  const connected = once(socket, 'data', limit());
  const text = (value: string) => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)]);
  const body = Buffer.concat([
    text('MQTT'),
    Buffer.from([4, 0xc2, 0, 1]),
    text('gw-7'),
    text('t0815/device_gw-7'),
    text('secret'),
  ]);
  socket.write(Buffer.concat([Buffer.from([0x10, body.length]), body]));
  assert.deepEqual(await connected, [Buffer.from([0x20, 2, 0, 0])], url);
  await once(socket, 'end', limit());
});
