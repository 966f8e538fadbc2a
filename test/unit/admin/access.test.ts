import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeSite, type RequestFacts } from '../../../src/admin/access.js';
import { raw, request, statusOf, withAdmin } from './admin-helpers.js';

const FACTS: RequestFacts = {
  method: 'GET',
  hosts: ['127.0.0.1:7980'],
  origin: undefined,
  secFetchSite: undefined,
  local: { address: '127.0.0.1', port: 7980 },
};

for (const host of ['localhost:7980', '127.0.0.1:7980', '[::1]:7980']) {
  test(`takes Host ${host} on loopback`, () => {
    assert.equal(judgeSite({ ...FACTS, hosts: [host] }, false, []), undefined);
  });
}

for (const hosts of [
  [],
  ['evil.example'],
  ['evil.example:7980'],
  ['127.0.0.1.evil.example:7980'],
  ['localhost.:7980'],
  ['user@localhost:7980'],
  ['LOCALHOST:7980'],
  ['localhost:7981'],
  ['localhost'],
  ['127.0.0.1:7980', '127.0.0.1:7980'],
  ['x'.repeat(10_240)],
  [''],
]) {
  test(`refuses Host ${JSON.stringify(hosts).slice(0, 60)}`, () => {
    assert.equal(judgeSite({ ...FACTS, hosts }, false, []), 'wrong-host');
    assert.equal(judgeSite({ ...FACTS, hosts }, true, []), 'wrong-host');
  });
}

test('takes the address a connection came in on, and configured names, but not localhost from elsewhere', () => {
  const local = { address: '::ffff:10.0.5.2', port: 7980 };
  assert.equal(judgeSite({ ...FACTS, local, hosts: ['10.0.5.2:7980'] }, false, []), undefined);
  assert.equal(judgeSite({ ...FACTS, local, hosts: ['gw-7.plant:7980'] }, false, ['gw-7.plant']), undefined);
  assert.equal(judgeSite({ ...FACTS, local, hosts: ['gw-7.plant:7980'] }, false, []), 'wrong-host');
  assert.equal(judgeSite({ ...FACTS, local, hosts: ['localhost:7980'] }, false, []), 'wrong-host');
  const six = { address: 'fd00::2', port: 80 };
  assert.equal(judgeSite({ ...FACTS, local: six, hosts: ['[fd00::2]'] }, false, []), undefined);
});

test('over a unix socket the Host is localhost', () => {
  assert.equal(judgeSite({ ...FACTS, local: undefined, hosts: ['localhost'] }, false, []), undefined);
  assert.equal(judgeSite({ ...FACTS, local: undefined, hosts: ['evil.example'] }, false, []), 'wrong-host');
});

test('a foreign Origin is refused for reading and changing alike', () => {
  for (const method of ['GET', 'DELETE', 'POST']) {
    for (const origin of [
      'null',
      'http://evil.example',
      'http://127.0.0.1:1',
      'https://127.0.0.1:7980',
      '',
    ]) {
      assert.equal(
        judgeSite({ ...FACTS, method, origin }, false, []),
        'foreign-origin',
        `${method} ${origin}`,
      );
    }
    assert.equal(judgeSite({ ...FACTS, method, origin: 'http://127.0.0.1:7980' }, false, []), undefined);
  }
});

test('what a browser says about the asking site decides', () => {
  for (const secFetchSite of ['cross-site', 'same-site', 'same-origin, cross-site']) {
    assert.equal(judgeSite({ ...FACTS, secFetchSite }, false, []), 'foreign-origin');
  }
  assert.equal(judgeSite({ ...FACTS, secFetchSite: 'same-origin' }, false, []), undefined);
  assert.equal(judgeSite({ ...FACTS, secFetchSite: 'none' }, false, []), undefined);
  assert.equal(
    judgeSite({ ...FACTS, method: 'DELETE', secFetchSite: 'none' }, false, []),
    'foreign-origin',
    'an address bar deletes nothing',
  );
});

test('a link from another site opens a page, and only a page', () => {
  const facts = { ...FACTS, secFetchSite: 'cross-site' };
  assert.equal(judgeSite(facts, true, []), undefined);
  assert.equal(judgeSite({ ...facts, method: 'POST' }, true, []), 'foreign-origin');
});

test('the listener applies the rules before it looks for a path', () =>
  withAdmin({}, async ({ port, backend }) => {
    const own = `Host: 127.0.0.1:${port}`;
    const send = (line: string, headers: string): Promise<string> =>
      raw(port, `${line} HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`);
    assert.equal(statusOf(await send('GET /nothing', 'Host: evil.example')), 421);
    assert.equal(statusOf(await send('GET /healthz', `${own}\r\n${own}`)), 421);
    assert.equal(statusOf(await send('GET /healthz', 'Accept: text/plain')), 421);
    assert.equal(
      statusOf(await send('DELETE /api/sessions/s-1', `${own}\r\nOrigin: http://evil.example`)),
      403,
    );
    const upgrade = 'Connection: upgrade\r\nUpgrade: websocket\r\nOrigin: http://evil.example';
    assert.equal(statusOf(await send('GET /api/status', `${own}\r\n${upgrade}`)), 403);
    assert.deepEqual(backend.closed, []);
  }));

test('with a token everything but pages and /healthz asks for it', () =>
  withAdmin({ token: 'right' }, async ({ port, backend }) => {
    const lines = ['GET /readyz', 'GET /metrics', 'GET /api/status', 'GET /api/sessions', 'GET /nothing'];
    for (const line of [...lines, 'DELETE /api/sessions/s-1', 'POST /api/drain', 'DELETE /api/sessions/no']) {
      const answer = await request(port, line, ['Content-Type: application/json']);
      assert.equal(statusOf(answer), 401, line);
      assert.match(answer, /WWW-Authenticate: Bearer/);
    }
    assert.equal(statusOf(await request(port, 'GET /healthz')), 200);
    assert.equal(statusOf(await request(port, 'GET /')), 200);
    assert.deepEqual(backend.closed, []);
    const token = ['Authorization: Bearer right'];
    assert.equal(statusOf(await request(port, 'GET /api/status', token)), 200);
    assert.equal(statusOf(await request(port, 'DELETE /api/sessions/s-1', token)), 204);
  }));
