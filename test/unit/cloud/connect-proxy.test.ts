import assert from 'node:assert/strict';
import net, { type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Secret } from '../../../contract/secret.js';
import { connectThroughProxy } from '../../../src/cloud/connect-proxy.js';

const TARGET = { host: 'broker.test', port: 8883 };

async function dial(
  t: TestContext,
  onRequest: (socket: net.Socket, request: string) => void,
  target = TARGET,
  signal = new AbortController().signal,
): Promise<net.Socket> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined).once('data', (request) => onRequest(socket, request.toString()));
    t.after(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const proxy = { host: '127.0.0.1', port, user: 'plant', password: new Secret('pr0xypass') };
  const socket = await connectThroughProxy(
    { proxy, ca: undefined, minTlsVersion: 'TLSv1.2' },
    target,
    signal,
  );
  t.after(() => socket.destroy());
  return socket;
}

test('the request names the target and carries the credentials', async (t) => {
  let seen = '';
  await dial(
    t,
    (socket, request) => {
      seen = request;
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
    },
    { host: 'fd00::1', port: 1883 },
  );
  const credentials = Buffer.from('plant:pr0xypass').toString('base64');
  assert.equal(
    seen,
    `CONNECT [fd00::1]:1883 HTTP/1.1\r\nHost: [fd00::1]:1883\r\nProxy-Authorization: Basic ${credentials}\r\n\r\n`,
  );
});

test('any 2xx opens the tunnel', async (t) => {
  const socket = await dial(t, (peer) => void peer.end('HTTP/1.1 204 No Content\r\n\r\nhello'));
  let received = '';
  for await (const chunk of socket) received += String(chunk);
  assert.equal(received, 'hello');
});

test('bytes behind the answer are the target’s, wherever the answer is cut', async (t) => {
  const answer = 'HTTP/1.1 200 OK\r\nVia: x\r\n\r\nhello';
  for (let cut = 1; cut < answer.length; cut += 1) {
    const socket = await dial(t, (peer) => {
      peer.setNoDelay(true).write(answer.slice(0, cut));
      setTimeout(() => peer.end(answer.slice(cut)), 1);
    });
    let received = '';
    for await (const chunk of socket) received += String(chunk);
    assert.equal(received, 'hello', `cut at ${cut}`);
  }
});

const refusals: [string, string, RegExp][] = [
  [
    'another status',
    'HTTP/1.1 403 Forbidden\r\n\r\n',
    /answered 403 to CONNECT: it does not let this gateway there; allow CONNECT/,
  ],
  ['no HTTP', 'SSH-2.0-x\r\n\r\n', /does not speak HTTP$/],
  ['an endless header', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(9_000)}`, /endless header$/],
];
for (const [what, answer, sentence] of refusals) {
  test(`a proxy that answers with ${what} is named, without its password`, async (t) => {
    await assert.rejects(
      dial(t, (socket) => socket.write(answer)),
      (error: Error) => sentence.test(error.message) && !String(error.stack).includes('pr0xypass'),
    );
  });
}

test('a proxy that closes, and one that is given up, end the dial', async (t) => {
  await assert.rejects(
    dial(t, (socket) => socket.end()),
    /closed the connection$/,
  );
  const abort = new AbortController();
  await assert.rejects(
    dial(t, () => abort.abort(), TARGET, abort.signal),
    /cannot be reached \(ABORT_ERR\)$/,
  );
});
