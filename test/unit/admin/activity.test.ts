import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActivitySamples, HISTORY_MS } from '../../../src/admin/activity/activity-samples.js';
import { asActivity, asOperation } from '../../../src/admin/activity/from-elsewhere.js';
import { LinkLog, MAX_LINK_CHANGES } from '../../../src/admin/activity/link-log.js';
import { REFUSED } from './admin-helpers.js';

const START = Date.parse('2030-01-02T03:04:05Z');

function totals(generation: number, sessions: number | null, bytes: number | null) {
  return { generation, sessions, uplinkBytes: bytes, downlinkBytes: bytes === null ? null : bytes * 2 };
}

test('rates are what each generation moved since the sample before', () => {
  const samples = new ActivitySamples();
  samples.take(START, [totals(1, 1, 500)]);
  samples.take(START + 2_000, [totals(1, 1, 700), totals(2, 3, 50)]);
  samples.take(START + 3_000, [totals(2, 3, 60)]);
  assert.deepEqual(samples.list(), [
    { atMs: START, uplinkRate: 0, downlinkRate: 0, sessions: 1 },
    { atMs: START + 2_000, uplinkRate: 100, downlinkRate: 200, sessions: 4 },
    { atMs: START + 3_000, uplinkRate: 10, downlinkRate: 20, sessions: 3 },
  ]);
});

test('a list that somebody has is not changed by the next sample', () => {
  const samples = new ActivitySamples();
  samples.take(START, [totals(1, 1, 0)]);
  const before = samples.list();
  samples.take(START + 1_000, [totals(1, 1, 0)]);
  assert.equal(before.length, 1);
  assert.equal(samples.list().length, 2);
});

test('a generation that does not answer for a moment makes no peak when it does again', () => {
  const samples = new ActivitySamples();
  samples.take(START, [totals(1, 2, 1_000)]);
  samples.take(START + 1_000, [totals(1, null, null)]);
  samples.take(START + 2_000, [totals(1, 2, 1_200)]);
  assert.deepEqual(
    samples.list().map(({ uplinkRate }) => uplinkRate),
    [0, 0, 100],
  );
});

test('samples of fifteen minutes are kept, and none of the future when the clock is set back', () => {
  const samples = new ActivitySamples();
  for (let second = 0; second <= 2_000; second += 1) samples.take(START + second * 1_000, [totals(1, 1, 0)]);
  const kept = samples.list();
  assert.equal(kept.length, HISTORY_MS / 1_000);
  assert.equal(kept.at(-1)?.atMs, START + 2_000_000);
  samples.take(START + 1_800_000, [totals(1, 1, 0)]);
  assert.ok(samples.list().every(({ atMs }) => atMs <= START + 1_800_000));
});

test('what the generation before saw comes before what this one saw', () => {
  const before = new ActivitySamples();
  before.take(START, [totals(1, 1, 0)]);
  before.take(START + 2_000, [totals(1, 1, 0)]);
  const samples = new ActivitySamples();
  samples.take(START + 1_500, [totals(2, 1, 0)]);
  samples.seed(before.list());
  assert.deepEqual(
    samples.list().map(({ atMs }) => atMs - START),
    [0, 1_500],
  );
});

test('the history of the link has its changes, not its repetitions', () => {
  const clock = { nowMs: START };
  const links = new LinkLog(() => clock.nowMs);
  links.note('connected', undefined);
  clock.nowMs += 1_000;
  links.note('disconnected', 'no route');
  links.note('disconnected', 'refused');
  links.note('disconnected', 'refused');
  assert.deepEqual(links.list(), [
    { at: '2030-01-02T03:04:05.000Z', state: 'connected' },
    { at: '2030-01-02T03:04:06.000Z', state: 'disconnected', reason: 'refused' },
  ]);
});

test('a hand-over of the link is no change, and old changes are forgotten', () => {
  const clock = { nowMs: START };
  const before = new LinkLog(() => clock.nowMs);
  before.note('connected', undefined);
  clock.nowMs += 5_000;
  const links = new LinkLog(() => clock.nowMs);
  links.note('connected', undefined);
  links.seed(before.list());
  assert.deepEqual(links.list(), before.list());
  for (let n = 0; n < 2 * MAX_LINK_CHANGES; n += 1)
    links.note(n % 2 === 0 ? 'disconnected' : 'connected', undefined);
  assert.equal(links.list().length, MAX_LINK_CHANGES);
});

test('of what another version sends, what can be read is taken', () => {
  assert.equal(asActivity('x'), undefined);
  assert.equal(asOperation({ operationId: 7 }), undefined);
  const sample = { atMs: 1, uplinkRate: 1, downlinkRate: 1, sessions: 1 };
  const link = { at: 'x', state: 'connected' };
  assert.deepEqual(
    asActivity({ operations: [REFUSED, null], samples: [sample, {}], links: [link], refusals: 'none' }),
    { operations: [REFUSED], samples: [sample], links: [link], refusals: [], reloads: [] },
  );
});
