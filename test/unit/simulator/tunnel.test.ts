import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import type { WebSocket } from 'ws';
import { runningCloud } from '../../helpers/simulator/running-cloud.js';
import {
  clientUrl,
  closed,
  deviceUrl,
  dialOpen,
  keyOf,
  LIMIT_MS,
  nextMessage,
  openTunnel,
  until,
} from '../../helpers/simulator/tunnel-ends.js';

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

test('the device is pinged where that is asked for', async (t) => {
  const { device } = await openTunnel(await runningCloud(t, { timing: { pingIntervalMs: 5 } }));
  await once(device, 'ping', { signal: AbortSignal.timeout(LIMIT_MS) });
});

test('an idle tunnel is closed where that is asked for', async (t) => {
  const { device } = await openTunnel(await runningCloud(t, { timing: { idleTimeoutMs: 20 } }));
  assert.deepEqual(await closed(device), { code: 1001, reason: 'idle' });
});

test('a reader that stops holds the sender back, and memory stays bounded', async (t) => {
  const running = await runningCloud(t);
  const { client, device } = await openTunnel(running);
  device.pause();
  const chunk = Buffer.alloc(65_536);
  client.on('error', () => undefined);
  // The client's own socket is the last buffer; once it holds megabytes, everything behind it is full.
  for (let sent = 0; sent < 2_048 && client.bufferedAmount < 8 * 1_048_576; sent += 1) {
    client.send(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(client.bufferedAmount >= 8 * 1_048_576, 'the client is held back');
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
