import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BayeuxSession, MAX_QUEUED } from '../../../simulator/bayeux/session.js';

function session(): BayeuxSession {
  const user = { tenant: 't0815', name: 'x', roles: new Set<never>(), deviceExternalId: undefined };
  return new BayeuxSession({
    ...{ id: '1', kind: 'operations', user, acknowledges: false },
    onExpired: () => undefined,
  });
}

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('a session takes so many events and no more', () => {
  const full = session();
  const taken = Array.from({ length: MAX_QUEUED }, () => full.deliver({ channel: '/1' }));
  assert.ok(taken.every(Boolean));
  assert.equal(full.deliver({ channel: '/1' }), false);
});

test('a second connect answers the first, and events go to the second', async () => {
  const one = session();
  const first = one.wait(60_000);
  const second = one.wait(60_000);
  assert.equal((await first).cause, 'replaced');
  one.deliver({ channel: '/1' });
  assert.deepEqual((await second).events, [{ channel: '/1' }]);
});

test('an ended session holds no timer, not even for a connect on its way out', async () => {
  const before = timers();
  const ended = session();
  const held = ended.wait(60_000);
  ended.end();
  assert.equal((await held).cause, 'gone');
  ended.startAbsence(60_000);
  assert.equal(timers(), before);
});
