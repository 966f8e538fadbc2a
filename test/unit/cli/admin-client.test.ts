import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Secret } from '../../../contract/secret.js';
import { answerApproval } from '../../../src/cli/approvals.js';
import { close } from '../../../src/cli/close.js';
import { drain } from '../../../src/cli/drain.js';
import { sessions } from '../../../src/cli/sessions.js';
import { status } from '../../../src/cli/status.js';
import { SESSION, STATUS, withAdmin } from '../admin/admin-helpers.js';
import { TestIo } from './connect-helpers.js';

function tcp(port: number): { kind: 'tcp'; host: string; port: number } {
  return { kind: 'tcp', host: '127.0.0.1', port };
}

test('the commands reach an agent that wants a token', () =>
  withAdmin({ token: 'right' }, async ({ port, backend }) => {
    const target = { listen: tcp(port), token: new Secret('right') };
    const io = new TestIo();
    assert.equal(await status({ target, json: true }, io), 0);
    assert.deepEqual(JSON.parse(io.out), STATUS);
    io.out = '';
    assert.equal(await sessions({ target, json: true }, io), 0);
    assert.deepEqual(JSON.parse(io.out), [SESSION]);
    io.out = '';
    assert.equal(await close({ target, id: 's-1' }, io), 0);
    assert.deepEqual(backend.closed, ['s-1']);
    assert.equal(await drain({ target }, io), 0);
    assert.equal(backend.drains, 1);
    assert.match(io.out, /^Session s-1 is closed\.\nThe agent takes no new sessions/);
    assert.equal(io.err, '');
  }));

test('a wrong or missing token exits with 77 and does not show it', () =>
  withAdmin({ token: 'right' }, async ({ port }) => {
    for (const token of [undefined, new Secret('not-this-one')]) {
      const io = new TestIo();
      assert.equal(await status({ target: { listen: tcp(port), token } }, io), 77);
      assert.match(io.err, /GATEHOUSE_ADMIN_TOKEN/);
      assert.doesNotMatch(io.err, /not-this-one/);
    }
  }));

test('a request for approval that is not there: the command that lists them is named', () =>
  withAdmin({}, async ({ port }) => {
    const io = new TestIo();
    const answer = {
      target: { listen: tcp(port), token: undefined },
      id: '0123456789',
      verdict: 'deny',
    } as const;
    assert.equal(await answerApproval(answer, io), 1);
    assert.equal(io.err, 'There is no request with this id; gatehouse approvals shows those that wait.\n');
  }));

test('a unix socket works', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-client-'));
  const listen = { kind: 'unix', path: path.join(folder, 'admin.sock') } as const;
  try {
    await withAdmin({ listen }, async () => {
      const io = new TestIo();
      assert.equal(await sessions({ target: { listen, token: undefined } }, io), 0);
      assert.match(io.out, /s-1/);
    });
    const io = new TestIo();
    assert.equal(await sessions({ target: { listen, token: undefined } }, io), 69);
    assert.match(io.err, /No agent at .*admin\.sock \(ENOENT\)\. Is the agent running/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an agent that is not there exits with 69 and says what to do', async () => {
  const io = new TestIo();
  assert.equal(await drain({ target: { listen: tcp(1), token: undefined } }, io), 69);
  assert.match(io.err, /No agent at 127\.0\.0\.1:1 \(ECONNREFUSED\)\. Is the agent running/);
  assert.equal(await drain({ target: { listen: { kind: 'off' }, token: undefined } }, io), 69);
  assert.match(io.err, /set admin\.listen/);
});

test('something else on the port is not taken for an agent', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(404);
    response.end('<h1>Printer</h1>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const io = new TestIo();
  assert.equal(await close({ target: { listen: tcp(port), token: undefined }, id: 's-1' }, io), 69);
  assert.match(io.err, /no Gatehouse agent \(HTTP 404\)/);
  await new Promise((resolve) => server.close(resolve));
});

test('closing an unknown session exits with 1, an impossible id with 64', () =>
  withAdmin({}, async ({ port }) => {
    const io = new TestIo();
    const target = { listen: tcp(port), token: undefined };
    assert.equal(await close({ target, id: 'nobody' }, io), 1);
    assert.match(io.err, /There is no session with this id/);
    assert.equal(await close({ target, id: '../status' }, io), 64);
  }));
