import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Snapshot } from '../../../src/admin/events/messages.js';
import { fromSnapshot, HISTORY_MS, withChanges } from '../../../web/model/dashboard.js';
import { REFUSED, SESSION, STATUS } from '../admin/admin-helpers.js';

const START = Date.parse('2030-01-02T03:04:05Z');

const SNAPSHOT: Snapshot = {
  atMs: START,
  status: STATUS,
  sessions: [SESSION, { ...SESSION, id: 's-2' }],
  operations: [REFUSED],
  approvals: [],
  samples: [{ atMs: START - 1_000, uplinkRate: 1, downlinkRate: 2, sessions: 2 }],
  links: [],
  refusals: [],
  reloads: [],
};

const next = (seconds: number) => ({ atMs: START + seconds * 1_000, status: STATUS });

test('a rate is what was moved in the time between two messages, smoothed, and ends', () => {
  const bytes = [['s-1', SESSION.uplinkBytes + 4_000, SESSION.downlinkBytes + 400]] as const;
  let page = withChanges(fromSnapshot(SNAPSHOT), { ...next(2), bytes });
  assert.equal(page.rows.get('s-1')?.uplinkRate, 1_000);
  assert.equal(page.rows.get('s-1')?.downlinkRate, 100);
  assert.equal(page.rows.get('s-1')?.uplinkBytes, SESSION.uplinkBytes + 4_000);
  page = withChanges(page, next(3));
  assert.equal(page.rows.get('s-1')?.uplinkRate, 500);
  for (let second = 4; second < 20; second += 1) page = withChanges(page, next(second));
  assert.equal(page.rows.get('s-1')?.uplinkRate, 0);
});

test('what does not change is the same object, so that nothing is drawn anew', () => {
  const before = fromSnapshot(SNAPSHOT);
  const after = withChanges(before, next(1));
  assert.equal(after.rows.get('s-2'), before.rows.get('s-2'));
  assert.equal(after.operations, before.operations);
  assert.equal(after.samples, before.samples);
});

test('sessions come, change and go', () => {
  const sessions = [
    { ...SESSION, id: 's-3' },
    { ...SESSION, id: 's-2', state: 'closing' as const },
  ];
  const page = withChanges(fromSnapshot(SNAPSHOT), { ...next(1), sessions, gone: ['s-1', 'unknown'] });
  assert.deepEqual(
    [...page.rows.values()].map(({ id, state }) => [id, state]),
    [
      ['s-2', 'closing'],
      ['s-3', 'open'],
    ],
  );
});

test('news of operations come on top, a changed one keeps its place', () => {
  const newer = { ...REFUSED, operationId: '5000' };
  const page = withChanges(fromSnapshot(SNAPSHOT), { ...next(1), operations: [newer] });
  const changed = { ...REFUSED, outcome: 'failed' as const };
  const { operations } = withChanges(page, { ...next(2), operations: [changed] });
  assert.deepEqual(operations, [newer, changed]);
});

test('after a restart of the agent the page still knows what was before it', () => {
  const before = fromSnapshot(SNAPSHOT);
  const samples = [{ atMs: START + 9_000, uplinkRate: 0, downlinkRate: 0, sessions: 0 }];
  const page = fromSnapshot({ ...SNAPSHOT, atMs: START + 10_000, sessions: [], samples }, before);
  assert.deepEqual(
    page.samples.map(({ atMs }) => atMs - START),
    [-1_000, 9_000],
  );
  assert.equal(page.rows.size, 0);
  const later = fromSnapshot({ ...SNAPSHOT, atMs: START + HISTORY_MS, samples }, page);
  assert.deepEqual(
    later.samples.map(({ atMs }) => atMs - START),
    [9_000],
  );
});
