import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Term } from '../../../src/supervisor/term.js';
import { SessionRegistry, type SessionRecord } from '../../../src/supervisor/session-registry.js';

function record(id: string): SessionRecord {
  return {
    id,
    operationId: `1${id}`,
    deviceId: '7',
    conduit: 'loopback',
    source: { file: 'gatehouse.yaml', line: 7 },
    host: '127.0.0.1',
    port: 22,
    addresses: ['127.0.0.1'],
    asksOnSite: false,
    approval: undefined,
    startedAtMs: 0,
    sinceMs: 0,
    isExclusive: false,
    term: new Term({ window: undefined, durationMs: 0 }),
    state: 'connecting',
    worker: 0,
    openedAtMs: undefined,
    failure: undefined,
    isDialled: false,
    endAtStart: undefined,
    uplinkBytes: 0,
    downlinkBytes: 0,
  };
}

test('a session counts as connecting until it opens, begins to close, or is gone', () => {
  const registry = new SessionRegistry();
  const [opens, fails, vanishes] = ['0', '1', '2'].map(record) as [
    SessionRecord,
    SessionRecord,
    SessionRecord,
  ];
  for (const one of [opens, fails, vanishes]) registry.add(one);
  assert.equal(registry.connecting, 3);
  assert.deepEqual(
    [...registry.allConnecting()].map(({ operationId }) => operationId),
    ['10', '11', '12'],
  );
  registry.apply('0', 'opened');
  registry.apply('1', 'ending');
  assert.equal(registry.connecting, 1);
  registry.remove(vanishes);
  assert.equal(registry.connecting, 0);
  registry.apply('0', 'ending');
  registry.remove(opens);
  registry.remove(fails);
  assert.deepEqual([registry.connecting, registry.sessions], [0, 0]);
});

test('a guest that ended before it was told of takes no place', () => {
  const registry = new SessionRegistry();
  const guest = { id: 'g1', conduit: 'loopback', addresses: ['127.0.0.1'], port: 22, isExclusive: true };
  registry.dismiss('g1');
  registry.welcome(guest);
  assert.deepEqual([registry.counts.sessions, registry.holderOf('127.0.0.1', 22)], [0, undefined]);
  registry.welcome({ ...guest, id: 'g2' });
  assert.equal(registry.counts.sessions, 1);
});

test('a guest is exclusive when its conduit is now; one without a conduit stays as it was', () => {
  const registry = new SessionRegistry();
  const guest = { id: 'g1', conduit: 'loopback', addresses: ['127.0.0.1'], port: 22, isExclusive: false };
  registry.welcome(guest);
  registry.regrade(() => undefined);
  assert.equal(registry.holderOf('127.0.0.1', 22)?.isExclusive, false);
  registry.regrade((conduit) => conduit === 'loopback');
  assert.equal(registry.holderOf('127.0.0.1', 22)?.isExclusive, true);
});
