import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Platform } from '../../../simulator/platform.js';
import { connect, startBench } from './bench.js';

const JSON_TOPIC = 'devicecontrol/notifications';

function request(platform: Platform, deviceId: string, connectionKey: string) {
  return platform.operations.create(deviceId, {
    c8y_RemoteAccessConnect: { hostname: '192.168.7.31', port: 5900, connectionKey },
    description: "Opening remote access tunnel to 'hmi'",
  });
}

test('operations arrive on both topics, in the form of each, for the agent and its children', async (context) => {
  const { url, platform } = await startBench(context);
  const gateway = platform.ensureDevice('gw-7');
  const child = platform.ensureDevice('plc-3', {}, gateway.id);
  const early = request(platform, child.id, 'key-1');
  const { client, inbox } = await connect(context, url);
  await client.subscribeAsync(['s/ds', JSON_TOPIC], { qos: 2 });
  assert.deepEqual(await inbox.of('s/ds'), ['530,plc-3,192.168.7.31,5900,key-1']);
  const [first = ''] = await inbox.of(JSON_TOPIC);
  const { delivery, ...operation } = JSON.parse(first) as Record<string, Record<string, unknown>>;
  assert.deepEqual(operation, {
    agentId: gateway.id,
    creationTime: early.creationTime,
    deviceId: child.id,
    id: early.id,
    status: 'PENDING',
    c8y_RemoteAccessConnect: { hostname: '192.168.7.31', port: 5900, connectionKey: 'key-1' },
    description: "Opening remote access tunnel to 'hmi'",
    externalSource: { externalId: 'plc-3', type: 'c8y_Serial' },
  });
  assert.deepEqual(
    { ...delivery, time: typeof delivery?.time },
    { log: [], time: 'string', status: 'PENDING' },
  );
  request(platform, gateway.id, 'key-2');
  assert.equal((await inbox.of('s/ds', 2))[1], '530,gw-7,192.168.7.31,5900,key-2');
  assert.match((await inbox.of(JSON_TOPIC, 2))[1] ?? '', /"key-2"/);
});

test('waiting operations come in batches that fit a message, each once', async (context) => {
  const { url, platform } = await startBench(context);
  const { id } = platform.ensureDevice('gw-7');
  const wanted = Array.from({ length: 100 }, (_, index) => request(platform, id, `key-${index}`).id);
  const { client, inbox } = await connect(context, url);
  await client.subscribeAsync(JSON_TOPIC, { qos: 1 });
  const last = request(platform, id, 'last').id;
  let payloads: string[] = [];
  do payloads = await inbox.of(JSON_TOPIC, payloads.length + 1);
  while (!payloads.at(-1)?.includes('"last"'));
  assert.ok(payloads.length > 2 && payloads.length < 20, `${payloads.length} messages`);
  assert.ok(payloads.every((payload) => Buffer.byteLength(payload) <= 16_000));
  const ids = payloads.flatMap((payload) =>
    payload.split('\n').map((line) => (JSON.parse(line) as { id: string }).id),
  );
  assert.deepEqual(ids, [...wanted, last]);
});

test('500 brings every PENDING operation again, and so does a new connection', async (context) => {
  const { url, platform } = await startBench(context);
  const { id } = platform.ensureDevice('gw-7');
  const started = request(platform, id, 'key-1');
  request(platform, id, 'key-2');
  platform.operations.update(started.id, { status: 'EXECUTING' });
  const first = await connect(context, url);
  await first.client.subscribeAsync('s/ds');
  await first.client.publishAsync('s/us', '500', { qos: 1 });
  const line = '530,gw-7,192.168.7.31,5900,key-2';
  assert.deepEqual(await first.inbox.of('s/ds', 2), [line, line]);
  const second = await connect(context, url);
  await second.client.subscribeAsync('s/ds');
  assert.deepEqual(await second.inbox.of('s/ds'), [line]);
});

test('501 to 503 act on the oldest matching operation of the device in the topic', async (context) => {
  const { url, platform } = await startBench(context);
  const { id } = platform.ensureDevice('gw-7');
  const first = request(platform, id, 'key-1').id;
  const second = request(platform, id, 'key-2').id;
  const { client } = await connect(context, url);
  const states = async (lines: string) => {
    await client.publishAsync('s/us', lines, { qos: 2 });
    return [first, second].map((each) => platform.operations.get(each).status);
  };
  const fragment = 'c8y_RemoteAccessConnect';
  assert.deepEqual(await states(`501,${fragment}\n501,${fragment}`), ['EXECUTING', 'EXECUTING']);
  assert.deepEqual(await states(`502,${fragment},"no, ""never"""`), ['FAILED', 'EXECUTING']);
  assert.equal(platform.operations.get(first).failureReason, 'no, "never"');
  assert.deepEqual(await states(`503,${fragment}`), ['FAILED', 'SUCCESSFUL']);
});

test('504 to 506 want the topic of the device that the operation is for', async (context) => {
  const { url, platform } = await startBench(context);
  const gateway = platform.ensureDevice('gw-7');
  const child = platform.ensureDevice('plc-3', {}, gateway.id);
  const own = request(platform, gateway.id, 'key-1').id;
  const childs = request(platform, child.id, 'key-2').id;
  const { client, inbox } = await connect(context, url);
  await client.subscribeAsync('s/e');
  const status = (id: string) => platform.operations.get(id).status;
  await client.publishAsync('s/us', `504,${childs}`, { qos: 2 });
  assert.deepEqual(await inbox.of('s/e'), [`41,504,Operation with id ${childs} not found for device gw-7`]);
  assert.equal(status(childs), 'PENDING');
  await client.publishAsync('s/us/plc-3', `504,${childs}`, { qos: 2 });
  await client.publishAsync('s/us', `504,${own}\n505,${own},"line 1\nline 2"`, { qos: 2 });
  assert.equal(status(childs), 'EXECUTING');
  assert.equal(platform.operations.get(own).failureReason, 'line 1\nline 2');
  await client.publishAsync('s/us/plc-3', `506,${childs}`, { qos: 2 });
  assert.equal(status(childs), 'SUCCESSFUL');
  await client.publishAsync('s/us', '506,1', { qos: 2 });
  assert.match((await inbox.of('s/e', 2))[1] ?? '', /^41,506,Operation with id 1 not found/);
});

test('507 fails what is left EXECUTING of one fragment, or of all', async (context) => {
  const { url, platform } = await startBench(context);
  const { id } = platform.ensureDevice('gw-7');
  const ours = request(platform, id, 'key-1').id;
  const other = platform.operations.create(id, { c8y_Restart: {} }).id;
  for (const each of [ours, other]) platform.operations.update(each, { status: 'EXECUTING' });
  const { client } = await connect(context, url);
  const states = () => [ours, other].map((each) => platform.operations.get(each).status);
  await client.publishAsync('s/us', '507,c8y_RemoteAccessConnect,restarted', { qos: 2 });
  assert.deepEqual(states(), ['FAILED', 'EXECUTING']);
  assert.equal(platform.operations.get(ours).failureReason, 'restarted');
  await client.publishAsync('s/us', '507,,restarted', { qos: 2 });
  assert.deepEqual(states(), ['FAILED', 'FAILED']);
});
