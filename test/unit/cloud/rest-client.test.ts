import assert from 'node:assert/strict';
import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Secret } from '../../../contract/secret.js';
import { credentialsOf } from '../../../src/cloud/authorization.js';
import { CloudClock } from '../../../src/cloud/cloud-clock.js';
import { pathSegment, RestClient, type RestRequest } from '../../../src/cloud/rest-client.js';
import { RestError } from '../../../src/cloud/rest-error.js';
import type { Config } from '../../../src/config/config.js';
import { CERTIFICATE as cert, CERTIFICATE_KEY as key } from './certificate.js';
import { ConnectProxyServer } from './connect-proxy-server.js';
import { cloudConfig } from './fixtures.js';

const GET: RestRequest = { method: 'GET', path: '/inventory/managedObjects/1?x=y' };

function clientOf(t: TestContext, url: string, overrides: Partial<Config['cloud']> = {}): RestClient {
  const cloud = cloudConfig(url, overrides);
  const client = new RestClient({
    cloud,
    credentials: credentialsOf(cloud),
    clock: new CloudClock({ now: Date.now }),
    parseJson: (document) => JSON.parse(document.toString()) as unknown,
    requestMs: 2_000,
  });
  t.after(() => client.close());
  return client;
}

async function listening(t: TestContext, server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const served = async (t: TestContext, listener: RequestListener) =>
  `http://127.0.0.1:${await listening(t, http.createServer(listener))}`;

async function failureOf(promise: Promise<unknown>): Promise<RestError> {
  const outcome = await promise.catch((error: unknown) => error);
  assert.ok(outcome instanceof RestError, `a RestError, not ${String(outcome)}`);
  assert.doesNotMatch(`${outcome.message} ${String(outcome.stack)}`, /p4ssw0rd|pr0xypass|Basic/);
  return outcome;
}

const logins: [string, Partial<Config['cloud']>, string][] = [
  ['tenant, user and password', {}, `Basic ${Buffer.from('t0815/device_gw-7:p4ssw0rd').toString('base64')}`],
  [
    'user and password alone',
    { tenant: '' },
    `Basic ${Buffer.from('device_gw-7:p4ssw0rd').toString('base64')}`,
  ],
  ['a token', { credentials: { kind: 'token', token: new Secret('e.y.J') } }, 'Bearer e.y.J'],
];
for (const [what, overrides, expected] of logins) {
  test(`requests carry ${what} and say what they accept`, async (t) => {
    const url = await served(t, ({ headers }, response) => {
      response.end(JSON.stringify({ authorization: headers.authorization, accept: headers.accept }));
    });
    const reply = await clientOf(t, url, overrides).send(GET);
    assert.deepEqual(reply, { authorization: expected, accept: 'application/json' });
  });
}

test('a body is sent as JSON, and an empty reply is undefined', async (t) => {
  let received = '';
  const url = await served(t, (request, response) => {
    request.on('data', (chunk: Buffer) => (received += chunk.toString()));
    request.on('end', () => response.writeHead(204).end());
  });
  assert.equal(await clientOf(t, url).send({ method: 'PUT', path: '/x', body: { a: 1 } }), undefined);
  assert.equal(received, '{"a":1}');
});

test('A19: redirects are not followed', async (t) => {
  let asked = 0;
  const elsewhere = await served(t, (_request, response) => {
    asked += 1;
    response.end('{}');
  });
  for (const status of [301, 302, 307, 308]) {
    const url = await served(t, (_request, response) =>
      response.writeHead(status, { location: elsewhere }).end(),
    );
    const error = await failureOf(clientOf(t, url).send(GET));
    assert.equal(error.status, status);
    assert.match(error.message, /redirects are not followed/);
  }
  assert.equal(asked, 0);
});

test('A24: a reply that drips is cut at the deadline', async (t) => {
  const url = await served(t, (_request, response) => {
    response.write('[');
    const drip = setInterval(() => response.write(' '), 10);
    response.on('close', () => clearInterval(drip));
  });
  const error = await failureOf(clientOf(t, url).send({ ...GET, deadlineMs: 150 }));
  assert.equal(error.kind, 'timeout');
});

test('A24: headers that drip are cut at the deadline', async (t) => {
  const server = net.createServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    const drip = setInterval(() => socket.write('x: y\r\n'), 10);
    socket.on('close', () => clearInterval(drip));
  });
  const error = await failureOf(
    clientOf(t, `http://127.0.0.1:${await listening(t, server)}`).send({ ...GET, deadlineMs: 150 }),
  );
  assert.equal(error.kind, 'timeout');
});

test('A23: a compressed reply is not unpacked, and is no JSON', async (t) => {
  const url = await served(t, (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.from('1f8b08', 'hex'));
  });
  assert.equal((await failureOf(clientOf(t, url).send(GET))).kind, 'unreadable');
});

test('a reply that ends early is no reply', async (t) => {
  const url = await served(t, (_request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{}');
    setImmediate(() => response.destroy());
  });
  assert.equal((await failureOf(clientOf(t, url).send(GET))).kind, 'unreachable');
});

test('garbage instead of HTTP is an error like any other', async (t) => {
  const server = net.createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'));
  const error = await failureOf(clientOf(t, `http://127.0.0.1:${await listening(t, server)}`).send(GET));
  assert.match(error.message, /does not speak HTTP/);
});

test('an endless error page does not hide the status', async (t) => {
  const url = await served(t, (_request, response) => {
    response.writeHead(500);
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  });
  assert.equal((await failureOf(clientOf(t, url).send(GET))).status, 500);
});

test('a request that is given up says so', async (t) => {
  const url = await served(t, () => undefined);
  const abort = new AbortController();
  const pending = failureOf(clientOf(t, url).send({ ...GET, signal: abort.signal }));
  abort.abort();
  assert.equal((await pending).kind, 'aborted');
});

test('A18: nothing is sent to a cloud whose certificate is not trusted; with its root it is', async (t) => {
  let requests = 0;
  const server = https.createServer({ cert, key }, (_request, response) => {
    requests += 1;
    response.end('{"ok":true}');
  });
  const port = await listening(t, server);
  const error = await failureOf(clientOf(t, `https://localhost:${port}`).send(GET));
  assert.equal(error.kind, 'tls');
  assert.equal(requests, 0);
  assert.deepEqual(await clientOf(t, `https://localhost:${port}`, { ca: cert }).send(GET), { ok: true });
  const other = await failureOf(clientOf(t, `https://127.0.0.1:${port}`, { ca: cert }).send(GET));
  assert.match(other.message, /ALTNAME/);
});

test('TLS 1.1 is not spoken', async (t) => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  const port = await listening(t, https.createServer({ cert, key, ...old }));
  const error = await failureOf(clientOf(t, `https://localhost:${port}`, { ca: cert }).send(GET));
  assert.equal(error.kind, 'tls');
});

test('requests go through the proxy, by CONNECT, with its credentials', async (t) => {
  const port = await listening(
    t,
    https.createServer({ cert, key }, (_request, response) => response.end('{"ok":1}')),
  );
  const proxy = await ConnectProxyServer.start();
  t.after(() => proxy.stop());
  const client = clientOf(t, `https://cloud.test:${port}`, { ca: cert, proxy: proxy.config() });
  assert.deepEqual(await client.send(GET), { ok: 1 });
  assert.deepEqual(proxy.targets, [`cloud.test:${port}`]);
});

test('a proxy that wants other credentials is named', async (t) => {
  const proxy = await ConnectProxyServer.start();
  t.after(() => proxy.stop());
  const client = clientOf(t, 'https://cloud.test', { proxy: proxy.config('wrong') });
  const error = await failureOf(client.send(GET));
  assert.equal(error.kind, 'proxy');
  assert.match(
    error.message,
    /^the proxy 127\.0\.0\.1:\d+ answered 407 to CONNECT: it asks for user and password; set them in cloud\.proxy$/,
  );
});

test('an external id cannot climb the path', () => {
  assert.equal(pathSegment('a/b;c'), 'a%2Fb%3Bc');
  for (const text of ['', '.', '..']) assert.throws(() => pathSegment(text), /cannot be part of a path/);
});
