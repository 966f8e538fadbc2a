import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { Secret } from '../../../contract/secret.js';
import { AdminServer } from '../../../src/admin/admin-server.js';
import { EventFeed } from '../../../src/admin/events/event-feed.js';
import { MetricsPage } from '../../../src/admin/metrics-page.js';
import { adminRoutes } from '../../../src/admin/routes.js';
import {
  bodyOf,
  FakeBackend,
  raw,
  REFUSED,
  request,
  SESSION,
  STATUS,
  statusOf,
  withAdmin,
} from './admin-helpers.js';

const JSON_TYPE = 'Content-Type: application/json';

test('answers every path of the contract', () =>
  withAdmin({}, async ({ port, backend }) => {
    assert.equal(statusOf(await request(port, 'GET /healthz')), 200);
    assert.equal(statusOf(await request(port, 'GET /readyz')), 200);
    assert.equal(bodyOf(await request(port, 'GET /metrics')), 'up 1\n');
    assert.deepEqual(JSON.parse(bodyOf(await request(port, 'GET /api/status'))), STATUS);
    assert.deepEqual(JSON.parse(bodyOf(await request(port, 'GET /api/sessions'))), [SESSION]);
    assert.deepEqual(JSON.parse(bodyOf(await request(port, 'GET /api/operations'))), [REFUSED]);
    assert.match(await request(port, 'GET /'), /^HTTP\/1\.1 200[^]*text\/html[^]*DELETE \/api\/sessions\/ID/);
    const closed = await request(port, 'DELETE /api/sessions/s-1');
    assert.equal(statusOf(closed), 204);
    assert.equal(bodyOf(closed), '');
    assert.deepEqual(backend.closed, ['s-1']);
    assert.equal(statusOf(await request(port, 'POST /api/drain', [JSON_TYPE])), 202);
    assert.equal(statusOf(await request(port, 'POST /api/drain', [JSON_TYPE], '{}')), 202);
    assert.equal(backend.drains, 2);
  }));

test('says why it is not ready', () =>
  withAdmin({}, async ({ port, backend }) => {
    backend.ready = false;
    const answer = await request(port, 'GET /readyz');
    assert.equal(statusOf(answer), 503);
    assert.deepEqual(JSON.parse(bodyOf(answer)), { error: 'not-ready', message: 'the cloud is unreachable' });
  }));

test('answers a DELETE only when the session is gone', () =>
  withAdmin({}, async ({ port, backend }) => {
    let release = (): void => undefined;
    backend.closing = new Promise((resolve) => (release = resolve));
    const answer = request(port, 'DELETE /api/sessions/s-1');
    const first = await Promise.race([answer, request(port, 'GET /healthz').then(() => 'health')]);
    assert.equal(first, 'health');
    release();
    assert.equal(statusOf(await answer), 204);
  }));

test('answers HEAD without a body', () =>
  withAdmin({}, async ({ port }) => {
    const answer = await request(port, 'HEAD /api/status');
    assert.equal(statusOf(answer), 200);
    assert.equal(bodyOf(answer), '');
  }));

test('sends security headers and no CORS header with every answer', () =>
  withAdmin({}, async ({ port }) => {
    const lines = ['GET /', 'GET /healthz', 'GET /nothing', 'OPTIONS /api/drain', 'DELETE /api/sessions/s-1'];
    for (const line of lines) {
      const answer = await request(port, line);
      assert.match(answer, /Content-Security-Policy: default-src 'none'/, line);
      assert.match(answer, /X-Content-Type-Options: nosniff/, line);
      assert.doesNotMatch(answer, /access-control/i, line);
    }
  }));

test('a page cannot stand in the way of the API, and the dashboard replaces the plain page', () => {
  const pages = new Map([
    ['/', { contentType: 'text/html', body: 'dashboard' }],
    ['/app.js', { contentType: 'text/javascript', body: 'code' }],
    ['/healthz', { contentType: 'text/plain', body: 'wrong' }],
  ]);
  return withAdmin({ pages }, async ({ port }) => {
    assert.equal(bodyOf(await request(port, 'GET /')), 'dashboard');
    assert.equal(bodyOf(await request(port, 'GET /app.js')), 'code');
    assert.notEqual(bodyOf(await request(port, 'GET /healthz')), 'wrong');
  });
});

test('who asks for a path that is not there is told those that are', () =>
  withAdmin({}, async ({ port }) => {
    const answer = await request(port, 'GET /nothing');
    assert.equal(statusOf(answer), 404);
    const { message } = JSON.parse(bodyOf(answer)) as { message: string };
    const { paths, withId } = adminRoutes(
      new FakeBackend(),
      new MetricsPage({ contentType: '', render: () => Promise.resolve('') }, () => 0),
      new EventFeed({ source: new FakeBackend(), onError: () => undefined }),
      new Map(),
    );
    const all = [...paths.keys(), ...withId.map(({ prefix, suffix }) => `${prefix}ID${suffix}`)];
    const named = message.match(/(?<=[ ,])\/[A-Za-z/]*/g) ?? [];
    assert.deepEqual(named.sort(), all.sort());
  }));

test('a CONNECT is answered like any method that there is not', () =>
  withAdmin({}, async ({ port }) => {
    const answer = await request(port, 'CONNECT example.com:443');
    assert.equal(statusOf(answer), 405);
    assert.match(answer, /Allow: GET, HEAD, POST, DELETE\r\n/);
    assert.match(answer, /Content-Security-Policy: default-src 'none'/);
    assert.equal((JSON.parse(bodyOf(answer)) as { error: string }).error, 'method-not-allowed');
    assert.equal(statusOf(await request(port, 'GET /healthz')), 200);
  }));

test('an exception while answering is reported here and not told the client', () =>
  withAdmin(
    { metrics: { contentType: 'text/plain', render: () => Promise.reject(new Error('private detail')) } },
    async ({ port, errors }) => {
      const answer = await request(port, 'GET /metrics');
      assert.equal(statusOf(answer), 500);
      assert.doesNotMatch(answer, /private detail/);
      assert.equal(errors.length, 1);
      assert.equal(statusOf(await request(port, 'GET /healthz')), 200);
    },
  ));

test('takes at most ten scrapes at once', () => {
  let release = (): void => undefined;
  const held = new Promise<string>((resolve) => (release = () => resolve('up 1\n')));
  return withAdmin({ metrics: { contentType: 'text/plain', render: () => held } }, async ({ port }) => {
    const answers = Array.from({ length: 12 }, () => request(port, 'GET /metrics'));
    const refused = await Promise.race(answers);
    assert.equal(statusOf(refused), 503);
    release();
    const statuses = (await Promise.all(answers)).map(statusOf).sort();
    assert.deepEqual(statuses, [...Array<number>(10).fill(200), 503, 503]);
  });
});

test('the thirty-third connection is closed at once and the others go on', () =>
  withAdmin({}, async ({ port }) => {
    const open: Socket[] = [];
    try {
      for (let index = 0; index < 32; index += 1) {
        const socket = connect(port, '127.0.0.1');
        open.push(socket);
        await once(socket, 'connect');
      }
      assert.equal(await raw(port, `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`), '');
      const [first] = open;
      assert.ok(first);
      first.write(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
      const [answer] = (await once(first, 'data')) as [Buffer];
      assert.equal(statusOf(answer.toString()), 200);
    } finally {
      for (const socket of open) socket.destroy();
    }
  }));

test('an address that others can reach needs a token', () => {
  const options = {
    backend: new FakeBackend(),
    metrics: { contentType: '', render: () => Promise.resolve('') },
    onError: () => undefined,
    now: () => 0,
  };
  const listen = { kind: 'tcp', host: '0.0.0.0', port: 0 } as const;
  assert.throws(() => new AdminServer({ ...options, listen, token: undefined }), /admin\.token is required/);
  assert.ok(new AdminServer({ ...options, listen, token: new Secret('t') }));
});

test('is not there when it is off, and stopping it then is harmless', () =>
  withAdmin({ listen: { kind: 'off' } }, async ({ server, port }) => {
    assert.equal(port, 0);
    await server.stop();
  }));
