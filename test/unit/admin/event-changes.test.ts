import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkChange } from '../../../src/admin/backend.js';
import { changesBetween, snapshotOf } from '../../../src/admin/events/changes.js';
import type { Snapshot } from '../../../src/admin/events/messages.js';
import { APPROVAL, FakeBackend, REFUSED, SESSION, STATUS } from './admin-helpers.js';

const NOTHING: Snapshot = {
  atMs: 1,
  status: STATUS,
  sessions: [],
  operations: [],
  approvals: [],
  samples: [],
  links: [],
  refusals: [],
  reloads: [],
};

test('a snapshot has everything there is to show', async () => {
  const backend = new FakeBackend();
  assert.deepEqual(await snapshotOf(backend, 5), {
    ...NOTHING,
    atMs: 5,
    sessions: [SESSION],
    operations: [REFUSED],
    approvals: [APPROVAL],
  });
});

test('when nothing happens only the time and the status are told', () => {
  const before = { ...NOTHING, sessions: [SESSION], operations: [REFUSED] };
  const after = { ...before, atMs: 2, sessions: [{ ...SESSION }] };
  assert.deepEqual(changesBetween(before, after), { atMs: 2, status: STATUS });
});

test('of a session that only moves bytes, only these are told', () => {
  const moved = { ...SESSION, id: 'b', uplinkBytes: SESSION.uplinkBytes + 1 };
  const closing = { ...SESSION, id: 'c', state: 'closing' as const };
  const before = ['a', 'b', 'c', 'd'].map((id) => ({ ...SESSION, id }));
  const after = [{ ...SESSION, id: 'a' }, moved, closing, { ...SESSION, id: 'e' }];
  const { sessions, bytes, gone } = changesBetween(
    { ...NOTHING, sessions: before },
    { ...NOTHING, sessions: after },
  );
  assert.deepEqual(
    sessions?.map(({ id }) => id),
    ['c', 'e'],
  );
  assert.deepEqual(bytes, [['b', SESSION.uplinkBytes + 1, SESSION.downlinkBytes]]);
  assert.deepEqual(gone, ['d']);
});

test('operations that are new or replaced are told, oldest first', () => {
  const newer = { ...REFUSED, operationId: '5000' };
  const replaced = { ...REFUSED };
  const { operations } = changesBetween(
    { ...NOTHING, operations: [REFUSED] },
    { ...NOTHING, operations: [newer, replaced] },
  );
  assert.deepEqual(operations, [replaced, newer]);
});

test('samples are told once, lists when something in them is new', () => {
  const sample = { atMs: 10, uplinkRate: 1, downlinkRate: 2, sessions: 3 };
  const later = { ...sample, atMs: 20 };
  const links: readonly LinkChange[] = [{ at: 'now', state: 'connected' }];
  const refusals = [{ code: 'policy-denied' as const, count: 1, lastAt: 'now' }];
  const after = { ...NOTHING, samples: [sample, later], links, refusals };
  const changes = changesBetween({ ...NOTHING, samples: [sample] }, after);
  assert.deepEqual(changes, { atMs: 1, status: STATUS, samples: [later], links, refusals });
  const same = { ...after, refusals: [...refusals] };
  assert.deepEqual(changesBetween(after, same), { atMs: 1, status: STATUS });
});
