import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { GatehouseError } from '../../../../contract/failure.js';
import type { Tunnel } from '../../../../contract/messages.js';
import { dialCloud, tlsContext, type Renew } from '../../../../workers/dial/cloud.js';
import { Renewal } from '../../../../workers/session/renewal.js';

/** A cloud that answers each upgrade with the next of these statuses; 101 takes it. */
async function cloud(
  t: TestContext,
  ...statuses: number[]
): Promise<{ port: number; seen: IncomingMessage[] }> {
  const seen: IncomingMessage[] = [];
  const server = createServer().on('upgrade', (request, socket) => {
    seen.push(request);
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    const status = statuses.shift() ?? 500;
    if (status !== 101) return socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
    const key = `${String(request.headers['sec-websocket-key'])}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    const lines = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`];
    return socket.write(
      `HTTP/1.1 101 Yes\r\n${lines.join('\r\n')}\r\nSec-WebSocket-Protocol: binary\r\n\r\n`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, seen };
}

async function dial(t: TestContext, port: number, renew: Renew, isRenewable = true): Promise<string> {
  const tunnel: Tunnel = {
    url: `ws://127.0.0.1:${port}/service/remoteaccess/device/a-connection-key`,
    authorization: 'Bearer old',
    ...(isRenewable ? { isRenewable } : {}),
    endpoint: { host: '127.0.0.1', port, addresses: ['127.0.0.1'] },
  };
  try {
    const { signal } = new AbortController();
    const { wire } = await dialCloud(tunnel, tlsContext(undefined), 2_000, signal, renew);
    t.after(() => wire.socket.destroy());
    return 'up';
  } catch (error) {
    assert.ok(error instanceof GatehouseError);
    assert.doesNotMatch(error.message, /Bearer|old|fresh/);
    return error.code;
  }
}

const fresh: Renew = () => Promise.resolve('Bearer fresh');

test('a 401 is answered with one fresh token and the same key', async (t) => {
  const { port, seen } = await cloud(t, 401, 101);
  assert.equal(await dial(t, port, fresh), 'up');
  assert.deepEqual(
    seen.map(({ headers }) => headers.authorization),
    ['Bearer old', 'Bearer fresh'],
  );
  assert.equal(new Set(seen.map(({ url }) => url)).size, 1);
});

const CASES: readonly [string, number[], Renew, boolean, number][] = [
  ['a second 401 is final', [401, 401, 101], fresh, true, 2],
  ['without another token the 401 is final', [401, 101], () => Promise.resolve(undefined), true, 1],
  ['a 403 is no matter of the token', [403, 101], fresh, true, 1],
  ['a password is not asked for anew', [401, 101], fresh, false, 1],
];
for (const [title, statuses, renew, isRenewable, upgrades] of CASES) {
  test(title, async (t) => {
    const { port, seen } = await cloud(t, ...statuses);
    assert.equal(await dial(t, port, renew, isRenewable), 'cloud-unauthorized');
    assert.equal(seen.length, upgrades);
  });
}

test('a question that nobody answers ends with the deadline of the dial, and a late answer is dropped', async (t) => {
  const { port } = await cloud(t, 401);
  let asked = 0;
  const renewal = new Renewal(() => (asked += 1));
  assert.equal(await dial(t, port, (signal) => renewal.wait(signal)), 'cloud-unauthorized');
  assert.equal(asked, 1);
  renewal.answered('Bearer late');
});
