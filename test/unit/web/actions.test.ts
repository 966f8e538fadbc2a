import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { actionsOf } from '../../../web/model/actions.js';
import { withAdmin } from '../admin/admin-helpers.js';

test('what is asked for has an answer, also from an agent that gives none', async () => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const actions = actionsOf({ token: undefined, origin: `http://127.0.0.1:${port}`, answerMs: 20 });
  assert.deepEqual(await actions.end('s-1'), {
    ok: false,
    sentence: 'The agent did not answer within 0.02 s; look whether it was done, then try again.',
  });
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
  const { ok } = await actions.end('s-1');
  assert.equal(ok, false);
});

test('a session is ended, a request answered, and a session that is gone already counts as ended', () =>
  withAdmin({}, async ({ port, backend }) => {
    const actions = actionsOf({ token: undefined, origin: `http://127.0.0.1:${port}` });
    assert.deepEqual(await actions.end('s-1'), { ok: true });
    assert.deepEqual(await actions.end('gone'), { ok: true });
    assert.deepEqual(await actions.decide('3fa94c01d2', 'deny', 'Ada'), { ok: true });
    assert.deepEqual(backend.answers, [{ id: '3fa94c01d2', verdict: 'deny', by: 'Ada', way: 'dashboard' }]);
    assert.deepEqual(await actions.decide('settled', 'deny', ''), {
      ok: false,
      sentence: 'Too late: Ann had denied it (dashboard).',
    });
  }));
