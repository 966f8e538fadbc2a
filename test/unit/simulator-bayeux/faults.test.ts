import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPERATIONS, Poller, post, startBench } from './bench.js';

test('every client can be forgotten, also one whose connect is held', async (context) => {
  const { url, gateway, endpoint } = await startBench(context);
  const poller = await Poller.start(url + OPERATIONS, `/${gateway.id}`);
  const held = poller.connect();
  await poller.say('subscribe', { subscription: `/${gateway.id}` });
  endpoint.forget();
  const [reply] = await held;
  assert.equal(reply?.error, '402::Unknown client');
  assert.equal(reply.advice?.reconnect, 'handshake');
});

test('connects can disappear until the connection is cut', async (context) => {
  const { url, gateway, endpoint, request } = await startBench(context, { heartbeatMs: 5 });
  const poller = await Poller.start(url + OPERATIONS, `/${gateway.id}`);
  endpoint.faults.holdForever = true;
  let isOver = false;
  const lost = assert.rejects(poller.connect()).then(() => (isOver = true));
  request(gateway.id);
  await poller.say('subscribe', { subscription: `/${gateway.id}` });
  assert.equal(isOver, false);
  endpoint.cut();
  await lost;
  endpoint.faults.holdForever = false;
  const [event] = await poller.connect();
  assert.equal(event?.channel, `/${gateway.id}`);
});

test('a reply can be cut at any byte', async (context) => {
  const { url, gateway, endpoint } = await startBench(context);
  const { clientId } = await Poller.start(url + OPERATIONS, `/${gateway.id}`);
  for (const afterBytes of [0, 1, 20]) {
    endpoint.faults.cutReply = { afterBytes, times: 1 };
    const read = async () => {
      const connect = { channel: '/meta/connect', clientId, advice: { timeout: 0 } };
      const response = await post(url + OPERATIONS, [connect]);
      return response.text();
    };
    await assert.rejects(read());
    await read();
  }
});

test('advice can be overridden', async (context) => {
  const { url, gateway, endpoint } = await startBench(context);
  const poller = await Poller.start(url + OPERATIONS, `/${gateway.id}`);
  endpoint.faults.advice = { reconnect: 'none', interval: 30_000 };
  const [reply] = await poller.connect({ advice: { timeout: 0 } });
  assert.deepEqual(reply?.advice, { reconnect: 'none', interval: 30_000, timeout: 60_000 });
});

test('handshakes, subscribes and whole requests can be refused', async (context) => {
  const { url, gateway, endpoint } = await startBench(context);
  const poller = await Poller.start(url + OPERATIONS, `/${gateway.id}`);
  endpoint.faults.refusedSubscribes = 1;
  const subscribe = () => poller.say('subscribe', { subscription: `/${gateway.id}` });
  assert.equal((await subscribe())[0]?.error, `403:/${gateway.id}:Create denied`);
  assert.equal((await subscribe())[0]?.successful, true);
  endpoint.faults.deniedHandshakes = 1;
  assert.equal((await poller.say('handshake'))[0]?.error, '403::Handshake denied');
  endpoint.faults.httpStatus = { value: 503, times: 1 };
  assert.equal((await post(url + OPERATIONS, [{ channel: '/meta/connect' }])).status, 503);
  assert.equal((await post(url + OPERATIONS, [{ channel: '/meta/connect' }])).status, 200);
});

test('events can come twice and late', async (context) => {
  const { url, gateway, endpoint, request } = await startBench(context);
  const poller = await Poller.start(url + OPERATIONS, `/${gateway.id}`);
  endpoint.faults.duplicateDeliveries = 1;
  endpoint.faults.deliveryDelayMs = 30;
  const createdAtMs = performance.now();
  request(gateway.id);
  const first = await poller.connect();
  // Node's timers are exact to a millisecond.
  assert.ok(performance.now() - createdAtMs >= 29);
  const second = first.length === 3 ? [] : await poller.connect();
  const events = [...first, ...second].filter(({ channel }) => channel === `/${gateway.id}`);
  assert.equal(events.length, 2);
  assert.deepEqual(events[0], events[1]);
});
