import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { basic, type Running, runningCloud } from '../../helpers/simulator/running-cloud.js';
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

async function refusal(outcome: ReturnType<typeof dial>): Promise<number> {
  const settled = await outcome;
  if (!(settled instanceof WebSocket)) return settled.status;
  settled.terminate();
  return 101;
}

/** Starts the client end and gives its operation too. */
async function waitingClient(running: Running): Promise<{ client: WebSocket; key: string }> {
  const operation = nextOperation(running.cloud);
  const client = await dialOpen(clientUrl(running), { Authorization: running.operator });
  return { client, key: keyOf(await operation) };
}

test('a client makes a PENDING operation that names the target and a fresh key', async (t) => {
  const running = await runningCloud(t);
  const created = nextOperation(running.cloud);
  const client = await dialOpen(clientUrl(running), { Authorization: running.operator });
  const operation = await created;
  assert.equal(client.protocol, 'binary');
  assert.equal(operation.status, 'PENDING');
  assert.equal(operation.description, "Opening remote access tunnel to 'hmi'");
  const { connectionKey, ...target } = operation.c8y_RemoteAccessConnect as Record<string, unknown>;
  assert.deepEqual(target, { hostname: '10.0.0.5', port: 5900 });
  assert.match(String(connectionKey), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  const other = await waitingClient(running);
  assert.notEqual(other.key, connectionKey);
});

test('clients log in by header, cookie or query and need the remote-access role', async (t) => {
  const running = await runningCloud(t);
  const { cloud, operator } = running;
  const url = clientUrl(running);
  const user = cloud.platform.users.get('operator') ?? assert.fail();
  const { value, xsrf } = cloud.platform.users.issueToken(user, { cookie: true });
  const cookie = { Cookie: `authorization=${value}; XSRF-TOKEN=${xsrf ?? ''}` };
  const token = encodeURIComponent(operator.slice('Basic '.length));
  assert.equal(await refusal(dial(url, { Authorization: `Bearer ${value}` })), 101);
  assert.equal(await refusal(dial(url, { ...cookie, 'X-XSRF-TOKEN': xsrf ?? '' })), 101);
  assert.equal(await refusal(dial(`${url}?XSRF-TOKEN=${xsrf ?? ''}`, cookie)), 101);
  assert.equal(await refusal(dial(`${url}?token=${token}`, {})), 101);
  assert.equal(await refusal(dial(`${url}?token=Bearer%20${value}`, {})), 101);
  assert.equal(await refusal(dial(url, cookie)), 401);
  assert.equal(await refusal(dial(`${url}?token=bm8=`, {})), 401);
  assert.equal(await refusal(dial(url, {})), 401);
  cloud.platform.users.add('viewer', 'pw', ['ROLE_INVENTORY_READ']);
  const viewer = basic({ tenant: 't0815', user: 'viewer', password: 'pw' });
  assert.equal(await refusal(dial(url, { Authorization: viewer })), 403);
  assert.equal(await refusal(dial(`${url}9`, { Authorization: operator })), 404);
  assert.equal(cloud.requests.list('GET', '/service/remoteaccess/client').at(-1)?.status, 404);
  assert.ok(!JSON.stringify(cloud.requests.list()).includes(token));
});

test('a device needs good credentials of its own and a key that is good once', async (t) => {
  const running = await runningCloud(t, { badKeyStatus: 410 });
  const { cloud, device } = running;
  const other = basic(cloud.registerDevice('gw-2'));
  const { key } = await waitingClient(running);
  const url = deviceUrl(cloud, key);
  const unauthorized = await dial(url, {});
  assert.ok(!(unauthorized instanceof WebSocket));
  assert.equal(unauthorized.status, 401);
  assert.equal(unauthorized.headers['www-authenticate'], 'Basic realm="Cumulocity"');
  assert.ok(unauthorized.headers.date);
  assert.equal(await refusal(dial(url, { Authorization: other })), 403);
  assert.equal(await refusal(dial(deviceUrl(cloud, 'no-such-key'), { Authorization: device })), 410);
  assert.equal(await refusal(dial(url, { Authorization: device })), 101);
  assert.equal(await refusal(dial(url, { Authorization: device })), 410);
});

test('a key dies with its time and with its client', async (t) => {
  const clock = { ms: 1_000_000 };
  const running = await runningCloud(t, { now: () => clock.ms, timing: { keyLifeMs: 5_000 } });
  const { cloud, device } = running;
  const late = await waitingClient(running);
  clock.ms += 5_000;
  assert.equal(await refusal(dial(deviceUrl(cloud, late.key), { Authorization: device })), 404);
  const gone = await waitingClient(running);
  gone.client.close();
  await until(() => cloud.remoteAccess.waiting === 1, 'the second client is forgotten');
  assert.equal(await refusal(dial(deviceUrl(cloud, gone.key), { Authorization: device })), 404);
});

test('a gateway joins for a device behind it', async (t) => {
  const running = await runningCloud(t);
  const { cloud } = running;
  const child = cloud.addChild(running.deviceId, 'plc-3');
  const { id: configurationId } = cloud.addConfiguration(child.id, {
    name: 'web',
    hostname: 'plc',
    port: 80,
  });
  const { device } = await openTunnel({ ...running, deviceId: child.id, configurationId });
  assert.equal(device.readyState, device.OPEN);
  assert.equal(cloud.sessions()[0]?.deviceId, child.id);
});

test('a client whose device does not come is closed', async (t) => {
  const running = await runningCloud(t, { timing: { deviceWaitMs: 20 } });
  const client = await dialOpen(clientUrl(running), { Authorization: running.operator });
  assert.deepEqual(await closed(client), { code: 1011, reason: 'The device did not connect' });
});

test('the 101 says binary, asked for or not, with the security headers and without compression', async (t) => {
  const running = await runningCloud(t);
  const { cloud, device } = running;
  for (const offer of [
    'Sec-WebSocket-Protocol: binary\r\n',
    'Sec-WebSocket-Protocol: chat, binary\r\n',
    '',
  ]) {
    const { key } = await waitingClient(running);
    const { socket, head } = await rawUpgrade(deviceUrl(cloud, key), device, offer);
    t.after(() => socket.destroy());
    assert.match(head, /^HTTP\/1\.1 101 /);
    assert.equal(head.match(/sec-websocket-protocol: binary/gi)?.length, 1);
    assert.match(head, /x-content-type-options: nosniff/);
    assert.match(head, /cache-control: no-cache, no-store, max-age=0, must-revalidate/);
    assert.doesNotMatch(head, /sec-websocket-extensions/i);
  }
});

test('what the client sends before the device joins is kept and arrives first', async (t) => {
  const running = await runningCloud(t);
  const { client, key } = await waitingClient(running);
  client.send('hello', { binary: true });
  client.send('again', { binary: true });
  const device = new WebSocket(deviceUrl(running.cloud, key), ['binary'], {
    headers: { Authorization: running.device },
  });
  const got: [string, boolean][] = [];
  device.on('message', (payload: Buffer, isBinary) => got.push([payload.toString(), isBinary]));
  await until(() => got.length === 2, 'both messages');
  assert.deepEqual(got, [
    ['hello', true],
    ['again', true],
  ]);
});

test('a client that sends a lot before the device joins is held back, and nothing is lost', async (t) => {
  const running = await runningCloud(t);
  const { client, key } = await waitingClient(running);
  const chunk = randomBytes(65_536);
  const [count, hash] = [256, createHash('sha256')];
  for (let sent = 0; sent < count; sent += 1) {
    client.send(chunk);
    hash.update(chunk);
  }
  // 16 MiB do not fit into what is kept and what the kernel takes, so that some must stay with the client.
  await until(() => client.bufferedAmount < count * chunk.length, 'the client begins to send');
  const device = new WebSocket(deviceUrl(running.cloud, key), ['binary'], {
    headers: { Authorization: running.device },
  });
  const received = createHash('sha256');
  let bytes = 0;
  device.on('message', (payload: Buffer) => {
    bytes += payload.length;
    received.update(payload);
  });
  await until(() => bytes === count * chunk.length, 'every byte arrives');
  assert.equal(received.digest('hex'), hash.digest('hex'));
});

test('with clientOpens with-device the client is let in only when the device joins', async (t) => {
  const running = await runningCloud(t, { clientOpens: 'with-device' });
  const operation = nextOperation(running.cloud);
  const client = dialOpen(clientUrl(running), { Authorization: running.operator });
  const key = keyOf(await operation);
  assert.equal(running.cloud.requests.list('GET', '/service/remoteaccess/client').length, 0);
  const device = await dialOpen(deviceUrl(running.cloud, key), { Authorization: running.device });
  const message = nextMessage(device);
  (await client).send('x', { binary: true });
  assert.equal((await message).payload.toString(), 'x');
});

test('with clientOpens with-device a client whose device does not come gets 504', async (t) => {
  const running = await runningCloud(t, { clientOpens: 'with-device', timing: { deviceWaitMs: 20 } });
  assert.equal(await refusal(dial(clientUrl(running), { Authorization: running.operator })), 504);
});
