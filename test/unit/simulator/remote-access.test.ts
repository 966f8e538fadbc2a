import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
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
  const running = await runningCloud(t, { clientOpens: 'with-device', timing: { deviceWaitMs: 60 } });
  const operation = nextOperation(running.cloud);
  const client = dialOpen(clientUrl(running), { Authorization: running.operator });
  const key = keyOf(await operation);
  assert.equal(running.cloud.requests.list('GET', '/service/remoteaccess/client').length, 0);
  const device = await dialOpen(deviceUrl(running.cloud, key), { Authorization: running.device });
  const message = nextMessage(device);
  (await client).send('x', { binary: true });
  assert.equal((await message).payload.toString(), 'x');
  assert.equal(await refusal(dial(clientUrl(running), { Authorization: running.operator })), 504);
});

test('bytes go both ways and are counted', async (t) => {
  const running = await runningCloud(t);
  const { client, device } = await openTunnel(running);
  const up = nextMessage(client);
  device.send(Buffer.from('uplink'));
  assert.equal((await up).payload.toString(), 'uplink');
  const down = nextMessage(device);
  client.send(Buffer.alloc(1_000_000));
  assert.equal((await down).payload.length, 1_000_000);
  const [session] = running.cloud.sessions();
  assert.equal(session?.uplinkBytes, 6);
  assert.equal(session.downlinkBytes, 1_000_000);
  assert.equal(session.deviceId, running.deviceId);
});

test('a close is passed on with its code and reason, either way', async (t) => {
  const running = await runningCloud(t);
  const first = await openTunnel(running);
  const atDevice = closed(first.device);
  first.client.close(4001, 'enough');
  assert.deepEqual(await atDevice, { code: 4001, reason: 'enough' });
  const second = await openTunnel(running);
  const atClient = closed(second.client);
  second.device.close(1000);
  assert.deepEqual(await atClient, { code: 1000, reason: '' });
  const third = await openTunnel(running);
  const lost = closed(third.client);
  third.device.terminate();
  assert.deepEqual(await lost, { code: 1011, reason: 'peer lost' });
  await until(() => running.cloud.sessions().length === 0, 'every tunnel is gone');
});

test('what was sent before a close arrives before it', async (t) => {
  const running = await runningCloud(t);
  const { client, device } = await openTunnel(running);
  let bytes = 0;
  client.on('message', (payload: Buffer) => (bytes += payload.length));
  const end = closed(client);
  for (let sent = 0; sent < 64; sent += 1) device.send(Buffer.alloc(65_536));
  device.close(1000);
  await end;
  assert.equal(bytes, 64 * 65_536);
});

test('a text frame from the device ends the tunnel', async (t) => {
  const { client, device } = await openTunnel(await runningCloud(t));
  const ends = Promise.all([closed(client), closed(device)]);
  device.send('## Shutdown ##');
  assert.deepEqual(
    (await ends).map(({ code }) => code),
    [1000, 1000],
  );
});

test('pings of both ends are answered', async (t) => {
  const { client, device } = await openTunnel(await runningCloud(t));
  for (const end of [client, device]) {
    const pong = once(end, 'pong');
    end.ping('abc');
    assert.equal(String((await pong)[0]), 'abc');
  }
});

test('the device is pinged and an idle tunnel is closed where that is asked for', async (t) => {
  const { device } = await openTunnel(
    await runningCloud(t, { timing: { pingIntervalMs: 5, idleTimeoutMs: 60 } }),
  );
  const end = closed(device);
  await once(device, 'ping');
  assert.deepEqual(await end, { code: 1001, reason: 'idle' });
});

test('a reader that stops holds the sender back, and memory stays bounded', async (t) => {
  const running = await runningCloud(t);
  const { client, device } = await openTunnel(running);
  device.pause();
  const chunk = Buffer.alloc(65_536);
  let isFull = false;
  client.on('error', () => undefined);
  // The client's own socket is the last buffer; once it holds megabytes, everything behind it is full.
  while (!isFull) {
    client.send(chunk);
    await new Promise((resolve) => setImmediate(resolve));
    isFull = client.bufferedAmount > 8 * 1_048_576;
  }
  const buffered = running.cloud.sessions()[0]?.bufferedBytes ?? 0;
  assert.ok(buffered > 0, 'the cloud holds something');
  assert.ok(buffered <= 1_048_576 + 2 * 65_536, `${buffered} bytes are more than the bound and a chunk`);
  device.resume();
  await until(() => client.bufferedAmount === 0, 'the rest flows once the device reads again');
});

test('200 tunnels at a time carry 256 KiB each way without a wrong byte', async (t) => {
  const running = await runningCloud(t);
  const payload = randomBytes(262_144);
  const want = createHash('sha256').update(payload).digest('hex');
  const keys: string[] = [];
  running.cloud.platform.on('operationCreated', (operation) => keys.push(keyOf(operation)));
  const clients = await Promise.all(
    Array.from({ length: 200 }, () => dialOpen(clientUrl(running), { Authorization: running.operator })),
  );
  const devices = await Promise.all(
    keys.map((key) => dialOpen(deviceUrl(running.cloud, key), { Authorization: running.device })),
  );
  assert.equal(running.cloud.sessions().length, 200);
  const ends = [...clients, ...devices];
  const digests = Promise.all(ends.map((end) => digest(end, payload.length)));
  for (const end of ends) {
    for (let at = 0; at < payload.length; at += 10_007) end.send(payload.subarray(at, at + 10_007));
  }
  for (const got of await digests) assert.equal(got, want);
});

/** SHA-256 of the next `bytes` bytes. */
function digest(socket: WebSocket, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  let left = bytes;
  return new Promise((resolve, reject) => {
    socket.on('message', (payload: Buffer) => {
      hash.update(payload);
      left -= payload.length;
      if (left === 0) resolve(hash.digest('hex'));
    });
    socket.on('close', () => reject(new Error(`closed with ${left} bytes missing`)));
  });
}
