import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { call, runningCloud } from '../../helpers/simulator/running-cloud.js';
import {
  clientUrl,
  closed,
  deviceUrl,
  dial,
  dialOpen,
  keyOf,
  nextMessage,
  nextOperation,
  openTunnel,
  rawUpgrade,
  until,
} from '../../helpers/simulator/tunnel-ends.js';

const UPGRADE = '/service/remoteaccess/device/*';

test('a request fails as often as asked for, then works', async (t) => {
  const { cloud, operator, deviceId } = await runningCloud(t);
  const { id } = cloud.createOperation(deviceId, {});
  const put = () =>
    call(`${cloud.url}/devicecontrol/operations/${id}`, operator, 'PUT', { status: 'EXECUTING' });
  const path = '/devicecontrol/operations/*';
  cloud.faults.set({ requests: [{ method: 'PUT', path, status: 503, retryAfterSeconds: 2, times: 2 }] });
  const first = await put();
  assert.equal(first.status, 503);
  assert.equal(first.headers.get('retry-after'), '2');
  assert.equal((await call(`${cloud.url}/devicecontrol/operations/${id}`, operator)).status, 200);
  assert.equal((await put()).status, 503);
  assert.equal((await put()).status, 200);
  assert.deepEqual(cloud.faults.get(), { requests: [], tunnels: [] });
  assert.deepEqual(
    cloud.requests.list('PUT', '/devicecontrol').map(({ status, authorization }) => [status, authorization]),
    [
      [503, 'basic'],
      [503, 'basic'],
      [200, 'basic'],
    ],
  );
});

test('an injected 401 asks for credentials as a real one does', async (t) => {
  const { cloud, operator } = await runningCloud(t);
  cloud.faults.set({ requests: [{ status: 401, times: 1 }] });
  const { status, headers } = await call(`${cloud.url}/user/currentUser`, operator);
  assert.deepEqual([status, headers.get('www-authenticate')], [401, 'Basic realm="Cumulocity"']);
  assert.equal((await call(`${cloud.url}/user/currentUser`, operator)).status, 200);
});

test('requests are left without an answer, closed, reset, delayed, or answered at length', async (t) => {
  const { cloud, operator } = await runningCloud(t);
  const get = (signal = AbortSignal.timeout(10_000)) =>
    fetch(`${cloud.url}/user/currentUser`, { headers: { Authorization: operator }, signal });
  cloud.faults.set({ requests: [{ instead: 'silence' }] });
  await assert.rejects(get(AbortSignal.timeout(50)), { name: 'TimeoutError' });
  cloud.faults.set({ requests: [{ instead: 'close' }] });
  await assert.rejects(get());
  cloud.faults.set({ requests: [{ instead: 'reset' }] });
  await assert.rejects(get(), (error: Error) => (error.cause as { code: string }).code === 'ECONNRESET');
  cloud.faults.set({ requests: [{ status: 500, bodyBytes: 1_000_000 }] });
  assert.equal((await (await get()).text()).length, 1_000_000);
  cloud.faults.set({ requests: [{ latencyMs: 30 }] });
  const startedAtMs = performance.now();
  assert.equal((await get()).status, 200);
  assert.ok(performance.now() - startedAtMs >= 28);
  assert.ok(cloud.requests.list().some(({ status }) => status === 0));
});

test('redirects are answered with the location asked for, to requests and upgrades', async (t) => {
  const { cloud, operator, device } = await runningCloud(t);
  cloud.faults.set({ requests: [{ status: 307, location: 'http://127.0.0.1:9/x' }] });
  const init = { headers: { Authorization: operator }, redirect: 'manual' } as const;
  const answer = await fetch(`${cloud.url}/user/currentUser`, init);
  assert.deepEqual([answer.status, answer.headers.get('location')], [307, 'http://127.0.0.1:9/x']);
  const outcome = await dial(deviceUrl(cloud, 'key'), { Authorization: device });
  assert.ok(!(outcome instanceof WebSocket));
  assert.deepEqual([outcome.status, outcome.headers.location], [307, 'http://127.0.0.1:9/x']);
});

test('device upgrades are refused as asked for, and the key stays good', async (t) => {
  const running = await runningCloud(t);
  const { cloud, device } = running;
  const operation = nextOperation(cloud);
  await dialOpen(clientUrl(running), { Authorization: running.operator });
  const url = deviceUrl(cloud, keyOf(await operation));
  for (const status of [401, 404, 410, 429, 500, 502, 503]) {
    cloud.faults.set({ requests: [{ path: UPGRADE, status, retryAfterSeconds: 1, times: 1 }] });
    const outcome = await dial(url, { Authorization: device });
    assert.ok(!(outcome instanceof WebSocket));
    assert.equal(outcome.status, status);
    assert.equal(outcome.headers['retry-after'], '1');
  }
  cloud.faults.set({ requests: [{ path: UPGRADE, instead: 'silence', times: 1 }] });
  await assert.rejects(
    dial(url, { Authorization: device }, ['binary'], { handshakeTimeout: 50 }).then(opened),
  );
  cloud.faults.set({ requests: [{ path: UPGRADE, instead: 'reset', times: 1 }] });
  await assert.rejects(dial(url, { Authorization: device }).then(opened));
  await dialOpen(url, { Authorization: device });
  assert.deepEqual(
    cloud.requests.list('GET', '/service/remoteaccess/device').map(({ status }) => status),
    [401, 404, 410, 429, 500, 502, 503, 0, 0, 101],
  );
});

/** Fails when the dial neither opened nor was refused. */
function opened(outcome: Awaited<ReturnType<typeof dial>>): void {
  assert.ok(outcome instanceof WebSocket);
}

test('a tunnel is closed with the code, reason and number of bytes asked for', async (t) => {
  const running = await runningCloud(t);
  running.cloud.faults.set({
    tunnels: [{ action: 'close', code: 1013, reason: 'try later', afterBytes: 10, times: 1 }],
  });
  const { client, device } = await openTunnel(running);
  const ends = Promise.all([closed(device), closed(client)]);
  const first = nextMessage(device);
  client.send(Buffer.alloc(9));
  assert.equal((await first).payload.length, 9);
  client.send(Buffer.alloc(1));
  const want = { code: 1013, reason: 'try later' };
  assert.deepEqual(await ends, [want, want]);
  const next = await openTunnel(running);
  const later = nextMessage(next.device);
  next.client.send(Buffer.alloc(20));
  assert.equal((await later).payload.length, 20);
});

test('an open tunnel is cut or reset on either side', async (t) => {
  const running = await runningCloud(t);
  for (const side of ['device', 'client'] as const) {
    for (const action of ['cut', 'reset'] as const) {
      running.cloud.faults.clear();
      const tunnel = await openTunnel(running);
      const [hit, other] = [closed(tunnel[side]), closed(tunnel[side === 'device' ? 'client' : 'device'])];
      running.cloud.faults.set({ tunnels: [{ side, action }] });
      assert.equal((await hit).code, 1006);
      assert.equal((await other).code, 1011);
    }
  }
});

test('a cut ends with FIN and a reset with RST, both without a close frame', async (t) => {
  const running = await runningCloud(t);
  for (const action of ['cut', 'reset'] as const) {
    running.cloud.faults.clear();
    const operation = nextOperation(running.cloud);
    await dialOpen(clientUrl(running), { Authorization: running.operator });
    const { socket } = await rawUpgrade(deviceUrl(running.cloud, keyOf(await operation)), running.device);
    const seen: string[] = [];
    socket.on('data', (chunk) => seen.push(`${chunk.length} bytes`)).on('end', () => seen.push('FIN'));
    socket.on('error', (error) => seen.push((error as NodeJS.ErrnoException).code ?? ''));
    running.cloud.faults.set({ tunnels: [{ action }] });
    await until(() => socket.destroyed, 'the socket is gone');
    assert.deepEqual(seen, [action === 'cut' ? 'FIN' : 'ECONNRESET']);
  }
});

test('a stalled tunnel moves again once the fault is cleared', async (t) => {
  const running = await runningCloud(t);
  const { client, device } = await openTunnel(running);
  running.cloud.faults.set({ tunnels: [{ action: 'stall' }] });
  let bytes = 0;
  client.on('message', (payload: Buffer) => (bytes += payload.length));
  const total = 256 * 65_536;
  for (let sent = 0; sent < total; sent += 65_536) device.send(Buffer.alloc(65_536));
  // The other direction still works, and a message there and back passes what was sent before.
  const down = nextMessage(device);
  client.send(Buffer.from('x'));
  await down;
  assert.equal(bytes, 0);
  assert.ok(device.bufferedAmount > 0);
  running.cloud.faults.clear();
  await until(() => bytes === total, 'every byte arrives');
});

test('pongs are dropped while asked for', async (t) => {
  const running = await runningCloud(t);
  const { client, device } = await openTunnel(running);
  running.cloud.faults.set({ tunnels: [{ action: 'drop-pongs' }] });
  const pongs: string[] = [];
  device.on('pong', (payload: Buffer) => pongs.push(payload.toString()));
  device.ping('lost');
  const up = nextMessage(client);
  device.send(Buffer.from('behind the ping'));
  await up;
  running.cloud.faults.clear();
  device.ping('answered');
  await until(() => pongs.length > 0, 'a pong');
  assert.deepEqual(pongs, ['answered']);
});

test('messages arrive split, fragmented, or with a text frame among them', async (t) => {
  const running = await runningCloud(t);
  running.cloud.faults.set({ tunnels: [{ action: 'split', bytes: 2 }] });
  const { client, device } = await openTunnel(running);
  const sizes: number[] = [];
  device.on('message', (payload: Buffer) => sizes.push(payload.length));
  client.send(Buffer.alloc(5));
  await until(() => sizes.length === 3, 'three messages');
  assert.deepEqual(sizes, [2, 2, 1]);
  running.cloud.faults.set({ tunnels: [{ action: 'fragment', bytes: 2 }] });
  client.send(Buffer.alloc(5));
  await until(() => sizes.length === 4, 'one message');
  assert.equal(sizes[3], 5);
  const text = nextMessage(device);
  running.cloud.faults.set({ tunnels: [{ action: 'text' }] });
  assert.equal((await text).isBinary, false);
});

test('faults are read, set and cleared over REST, and what is wrong is named', async (t) => {
  const { cloud, operator, device } = await runningCloud(t);
  const url = `${cloud.url}/simulator/faults`;
  const faults = { requests: [{ path: '/x', status: 500, times: 3 }], tunnels: [{ action: 'reset' }] };
  assert.deepEqual((await call(url, operator, 'PUT', faults)).json, faults);
  assert.deepEqual((await call(url, operator)).json, faults);
  for (const wrong of [
    { a: 1 },
    { requests: [{ status: 99 }] },
    { tunnels: [{ side: 'device' }] },
    { tunnels: {} },
  ]) {
    assert.equal((await call(url, operator, 'PUT', wrong)).status, 422);
  }
  assert.equal((await call(url, device)).status, 403);
  assert.equal((await call(url, operator, 'DELETE')).status, 204);
  assert.deepEqual((await call(url, operator)).json, { requests: [], tunnels: [] });
});

test('the cloud comes back on its port with everything it knew, and tunnels are gone', async (t) => {
  const running = await runningCloud(t);
  const { cloud, operator, deviceId } = running;
  const { client, device } = await openTunnel(running);
  const ends = Promise.all([closed(client), closed(device)]);
  const url = cloud.url;
  await cloud.goDown();
  await ends;
  await assert.rejects(fetch(`${url}/tenant/loginOptions`));
  await cloud.comeBack();
  assert.equal(cloud.url, url);
  assert.equal((await call(`${url}/inventory/managedObjects/${deviceId}`, operator)).status, 200);
});

test('a restart over REST answers first, and the cloud can stop in the middle of it', async (t) => {
  const { cloud, operator } = await runningCloud(t);
  assert.equal((await call(`${cloud.url}/simulator/actions/restart`, operator, 'POST')).status, 202);
  await cloud.stop();
  await assert.rejects(fetch(`${cloud.url}/tenant/loginOptions`));
});

test('actions reset tunnels and end tokens', async (t) => {
  const running = await runningCloud(t);
  const { cloud, operator } = running;
  const { device } = await openTunnel(running);
  const end = closed(device);
  const user = cloud.platform.users.get('operator') ?? assert.fail();
  const bearer = `Bearer ${cloud.platform.users.issueToken(user).value}`;
  assert.equal((await call(`${cloud.url}/simulator/actions/reset-tunnels`, operator, 'POST')).status, 202);
  assert.equal((await end).code, 1006);
  await call(`${cloud.url}/simulator/actions/expire-tokens`, operator, 'POST');
  assert.equal((await call(`${cloud.url}/user/currentUser`, bearer)).status, 401);
  assert.equal((await call(`${cloud.url}/simulator/actions/nothing`, operator, 'POST')).status, 404);
});
