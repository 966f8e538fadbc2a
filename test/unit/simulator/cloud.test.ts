import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connectAsync } from 'mqtt';
import { startCloud } from '../../../simulator/cloud.js';
import { call, type Running, runningCloud } from '../../helpers/simulator/running-cloud.js';
import { LIMIT_MS } from '../../helpers/simulator/tunnel-ends.js';

type Message = Record<string, unknown>;

async function bayeux(running: Running, message: Message): Promise<Message[]> {
  const response = await fetch(`${running.cloud.url}/notification/operations`, {
    method: 'POST',
    headers: {
      Authorization: running.device,
      'Content-Type': 'application/json',
      Accept: 'application/json',
    },
    body: JSON.stringify([message]),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  return (await response.json()) as Message[];
}

/** Shakes hands and subscribes for the gateway's operations. */
async function subscribed(running: Running): Promise<unknown> {
  const supportedConnectionTypes = ['long-polling'];
  const handshake = { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes };
  const [{ clientId } = {}] = await bayeux(running, handshake);
  await bayeux(running, { channel: '/meta/subscribe', clientId, subscription: `/${running.deviceId}` });
  return clientId;
}

test('a new operation arrives on the long poll, with its id', async (t) => {
  const running = await runningCloud(t);
  const clientId = await subscribed(running);
  const connect = { channel: '/meta/connect', connectionType: 'long-polling', clientId };
  const poll = bayeux(running, connect);
  const { id } = running.cloud.createOperation(running.deviceId, { c8y_Restart: {} });
  // The platform answers the first connect at once or with the operation; it is in this reply or in the next.
  const replies = [...(await poll)];
  if (!replies.some(({ data }) => data !== undefined)) replies.push(...(await bayeux(running, connect)));
  const event = replies.find(({ data }) => data !== undefined);
  assert.equal((event?.data as { id: string }).id, id);
});

test('long polls are cut and real-time sessions forgotten on demand', async (t) => {
  const running = await runningCloud(t);
  const clientId = await subscribed(running);
  running.cloud.forgetRealtimeSessions();
  const connect = { channel: '/meta/connect', connectionType: 'long-polling', clientId };
  const [reply] = await bayeux(running, connect);
  assert.equal(reply?.error, '402::Unknown client');
  const next = { ...connect, clientId: await subscribed(running) };
  const polls = async (): Promise<void> => {
    // The first connect may be answered at once; the second hangs, as nothing happens.
    for (let count = 0; count < 2; count += 1) await bayeux(running, next);
  };
  const timer = setInterval(() => running.cloud.cutLongPolls(), 5);
  t.after(() => clearInterval(timer));
  // Not by the helper's own limit: the connection is cut.
  await assert.rejects(polls(), (error: Error) => error.name !== 'TimeoutError');
});

test('MQTT is served on its port and as WebSocket on /mqtt', async (t) => {
  const { cloud } = await runningCloud(t, { mqttPort: 0 });
  const { tenant, user, password } = cloud.registerDevice('gw-5');
  for (const address of [cloud.mqttUrl ?? '', `${cloud.url.replace('http', 'ws')}/mqtt`]) {
    const options = { clientId: 'd:gw-5', username: `${tenant}/${user}`, password, reconnectPeriod: 0 };
    const client = await connectAsync(address, { ...options, connectTimeout: LIMIT_MS });
    await client.subscribeAsync('s/ds');
    await client.publishAsync('s/us', '123', { qos: 1 });
    await client.endAsync();
  }
  assert.equal(cloud.mqttsUrl, undefined);
});

test('two clouds live side by side, and one that stopped gives its port free', async (t) => {
  const first = await startCloud();
  const { cloud: second } = await runningCloud(t);
  assert.notEqual(first.url, second.url);
  const port = Number(new URL(first.url).port);
  await assert.rejects(startCloud({ port }), { code: 'EADDRINUSE' });
  await first.stop();
  const again = await startCloud({ port });
  assert.equal(again.url, first.url);
  await again.stop();
});

test('what is created by the operator is told by events and seen over REST', async (t) => {
  const { cloud, operator, deviceId } = await runningCloud(t, {
    tenant: 't9',
    operatorName: 'me',
    operatorPassword: 'pw',
  });
  assert.deepEqual(cloud.operator, { tenant: 't9', user: 'me', password: 'pw' });
  const told = once(cloud.platform, 'operationCreated');
  const operation = cloud.createOperation(deviceId, { c8y_Restart: {} });
  assert.deepEqual(await told, [operation]);
  const seen = await call(`${cloud.url}/devicecontrol/operations/${operation.id}`, operator);
  assert.equal(seen.json.deviceId, deviceId);
});
