import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { test } from 'node:test';
import type { BayeuxMessage } from '../../../simulator/bayeux/message.js';
import { OPERATIONS, Poller, post, REALTIME, startBench, until } from './bench.js';

const dataOf = (messages: readonly BayeuxMessage[]) =>
  messages.filter(({ channel }) => !channel.startsWith('/meta/')).map(({ data }) => data);

const idsOf = (messages: readonly BayeuxMessage[]) =>
  dataOf(messages).map((data) => (data as { id: string }).id);

test('a handshake gives a client id and what the server can do', async (context) => {
  const { url } = await startBench(context);
  const response = await post(url + OPERATIONS, [{ channel: '/meta/handshake', version: '1.0', id: '7' }]);
  const [reply] = (await response.json()) as BayeuxMessage[];
  assert.match(reply?.clientId ?? '', /^\w{20,}$/);
  assert.deepEqual(
    { ...reply, clientId: '' },
    {
      channel: '/meta/handshake',
      id: '7',
      successful: true,
      clientId: '',
      version: '1.0',
      minimumVersion: '1.0',
      supportedConnectionTypes: ['long-polling', 'smartrest-long-polling', 'websocket'],
      ext: { ack: true },
    },
  );
});

test('a held connect brings new operations of the agent and of its children as they come', async (context) => {
  const { url, gateway, child, request, platform } = await startBench(context);
  request(gateway.id);
  const poller = await Poller.start(url + OPERATIONS, `/${gateway.id}`);
  const held = poller.connect();
  const own = request(gateway.id);
  const [event, reply] = await held;
  assert.deepEqual(event, { channel: `/${gateway.id}`, data: own });
  assert.deepEqual(reply, {
    channel: '/meta/connect',
    id: '1',
    successful: true,
    advice: { reconnect: 'retry', interval: 0, timeout: 60_000 },
  });
  const childs = request(child.id);
  platform.operations.update(own.id, { status: 'EXECUTING' });
  const stranger = platform.ensureDevice('gw-8');
  request(stranger.id);
  assert.deepEqual(idsOf(await poller.connect()), [childs.id]);
});

test('the real-time endpoint tells every change of one device, on its old path too', async (context) => {
  const { url, child, request, platform } = await startBench(context);
  const poller = await Poller.start(`${url}/cep/realtime`, `/operations/${child.id}`);
  await poller.say('subscribe', { subscription: [`/managedobjects/${child.id}`] });
  const { id } = request(child.id);
  platform.operations.update(id, { status: 'FAILED' });
  platform.inventory.update(child.id, { c8y_Notes: 'x' });
  const events = dataOf(await poller.connect()) as {
    realtimeAction: string;
    data: Record<string, unknown>;
  }[];
  assert.deepEqual(
    events.map(({ realtimeAction, data }) => [realtimeAction, data.status ?? data.c8y_Notes]),
    [
      ['CREATE', 'PENDING'],
      ['UPDATE', 'FAILED'],
      ['UPDATE', 'x'],
    ],
  );
});

test('a device listening to everything hears of its own tree only', async (context) => {
  const { url, child, request, platform } = await startBench(context);
  const poller = await Poller.start(url + REALTIME, '/operations/*');
  const stranger = platform.ensureDevice('gw-8');
  request(stranger.id);
  const { id } = request(child.id);
  const events = dataOf(await poller.connect()) as { data: { id: string } }[];
  assert.deepEqual(
    events.map(({ data }) => data.id),
    [id],
  );
});

test('a channel of somebody else or of no known form is refused', async (context) => {
  const { url, platform, gateway } = await startBench(context);
  const stranger = platform.ensureDevice('gw-8');
  const poller = await Poller.start(url + OPERATIONS, `/${gateway.id}`);
  for (const subscription of [`/${stranger.id}`, '/operations/1', '/*', '']) {
    const [reply] = await poller.say('subscribe', { subscription });
    assert.equal(reply?.successful, false, subscription);
    assert.match(reply.error ?? '', /^403:/);
  }
});

test('nothing arrives after unsubscribing, and a client that said goodbye is unknown', async (context) => {
  const { url, gateway, request, endpoint } = await startBench(context);
  const poller = await Poller.start(url + OPERATIONS, `/${gateway.id}`);
  await poller.say('unsubscribe', { subscription: `/${gateway.id}` });
  request(gateway.id);
  assert.deepEqual(idsOf(await poller.connect({ advice: { timeout: 0 } })), []);
  const [goodbye] = await poller.say('disconnect');
  assert.equal(goodbye?.successful, true);
  assert.equal(endpoint.sessions, 0);
  assert.deepEqual(await poller.connect(), [
    {
      channel: '/meta/connect',
      id: '1',
      successful: false,
      error: '402::Unknown client',
      advice: { reconnect: 'handshake', interval: 0 },
    },
  ]);
});

test('blanks keep a held connect alive and the reply stays readable', async (context) => {
  const { url, gateway } = await startBench(context, { heartbeatMs: 10, longPollMs: 60 });
  const { clientId } = await Poller.start(url + OPERATIONS, `/${gateway.id}`);
  const response = await post(url + OPERATIONS, [{ channel: '/meta/connect', clientId }]);
  const text = await response.text();
  assert.match(text, /^ +\[/);
  assert.equal((JSON.parse(text) as BayeuxMessage[])[0]?.successful, true);
});

test('a client that stays away loses its session, and what it missed with it', async (context) => {
  const { url, gateway, endpoint } = await startBench(context, { sessionMs: 200 });
  const poller = await Poller.start(url + OPERATIONS, `/${gateway.id}`);
  await poller.connect({ advice: { timeout: 0 } });
  await until(() => endpoint.sessions === 0, 'the session is dropped');
  const [reply] = await poller.connect();
  assert.equal(reply?.error, '402::Unknown client');
});

test('a client that acknowledges gets again what it has not acknowledged', async (context) => {
  const { url, gateway, request } = await startBench(context);
  const poller = await Poller.start(url + OPERATIONS, `/${gateway.id}`, { ack: true });
  const first = request(gateway.id).id;
  const lost = await poller.connect();
  assert.deepEqual(idsOf(lost), [first]);
  const second = request(gateway.id).id;
  const again = await poller.connect({ ext: { ack: 0 } });
  assert.deepEqual(idsOf(again), [first, second]);
  const { ack } = again.at(-1)?.ext ?? {};
  assert.equal(typeof ack, 'number');
  assert.deepEqual(idsOf(await poller.connect({ ext: { ack }, advice: { timeout: 0 } })), []);
});

test('of too many connects of one user the oldest is closed', async (context) => {
  const { url, gateway, request } = await startBench(context, { maxParallel: 2 });
  const start = () => Poller.start(url + OPERATIONS, `/${gateway.id}`);
  const [first, second, third] = [await start(), await start(), await start()];
  const oldest = assert.rejects(first.connect());
  // The order of arrival decides, so the first is let in before the others: a later reply says so.
  await third.say('subscribe', { subscription: `/${gateway.id}` });
  const others = [second.connect(), third.connect()];
  await oldest;
  const { id } = request(gateway.id);
  assert.deepEqual((await Promise.all(others)).map(idsOf), [[id], [id]]);
});

test('bad requests get their status: no JSON 400, no credentials 401, no Accept no body', async (context) => {
  const { url } = await startBench(context);
  const Authorization = `Basic ${Buffer.from('t0815/device_gw-7:wrong').toString('base64')}`;
  const handshake = [{ channel: '/meta/handshake' }];
  assert.equal((await post(url + OPERATIONS, '[')).status, 400);
  assert.equal((await post(url + OPERATIONS, [])).status, 400);
  assert.equal((await post(url + OPERATIONS, [{ id: '1' }])).status, 400);
  assert.equal((await post(url + OPERATIONS, 'x'.repeat(100_000))).status, 400);
  const silent = httpRequest(url + OPERATIONS, { method: 'POST', auth: 't0815/device_gw-7:secret' });
  silent.end(JSON.stringify(handshake));
  const [reply] = (await once(silent, 'response')) as [IncomingMessage];
  assert.equal(reply.statusCode, 200);
  assert.equal(reply.headers['content-length'], '0');
  const refused = await post(url + OPERATIONS, handshake, { Authorization });
  assert.equal(refused.status, 401);
  assert.match(refused.headers.get('www-authenticate') ?? '', /^Basic/);
});
