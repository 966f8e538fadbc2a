import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row } from '../../../web/model/dashboard.js';
import { matching, sorted, toggled, type SortKey } from '../../../web/model/session-list.js';
import { visibleRange } from '../../../web/model/visible-range.js';
import { SESSION } from '../admin/admin-helpers.js';

function row(id: string, more: Partial<Row> = {}): Row {
  return { ...SESSION, id, seenAtMs: 0, uplinkRate: 0, downlinkRate: 0, ...more };
}

function order(rows: Row[], key: SortKey, isDescending = false): string {
  return sorted([...rows], { key, isDescending })
    .map(({ id }) => id)
    .join(' ');
}

test('addresses are sorted by their numbers, and by port where they are the same', () => {
  const rows = [
    row('a', { host: '10.0.5.10' }),
    row('b', { host: '10.0.5.9', port: 5900 }),
    row('c', { host: '10.0.5.9', port: 22 }),
  ];
  assert.equal(order(rows, 'target'), 'c b a');
  assert.equal(order(rows, 'target', true), 'a b c');
});

test('the youngest session comes first by age, and where all else is the same', () => {
  const rows = ['01', '03', '02'].map((second) => row(second, { startedAt: `2030-01-02T03:04:${second}Z` }));
  assert.equal(order(rows, 'age'), '03 02 01');
  assert.equal(order(rows, 'conduit'), '03 02 01');
});

test('a click on a heading sorts by it, another one turns it round; of bytes the most come first', () => {
  const sorting = toggled({ key: 'age', isDescending: false }, 'target');
  assert.deepEqual(sorting, { key: 'target', isDescending: false });
  assert.deepEqual(toggled(sorting, 'target'), { key: 'target', isDescending: true });
  assert.deepEqual(toggled(sorting, 'uplinkRate'), { key: 'uplinkRate', isDescending: true });
});

test('a search finds every word anywhere in what is shown', () => {
  const rows = [
    row('a', { conduit: 'line-3', host: '10.0.5.7', port: 5900 }),
    row('b', { conduit: 'line-3', host: '10.0.5.7', port: 22 }),
    row('c', { conduit: 'boiler', approval: 'waiting' }),
  ];
  const found = (search: string): string =>
    matching(rows, search)
      .map(({ id }) => id)
      .join(' ');
  assert.equal(found('LINE :22'), 'b');
  assert.equal(found(' '), 'a b c');
  assert.equal(found('waiting'), 'c');
  assert.equal(found('nothing like it'), '');
});

test('of a long table only what is in sight and a little more is drawn', () => {
  assert.deepEqual(visibleRange(1_000, 36, 0, 360), { from: 0, to: 18 });
  assert.deepEqual(visibleRange(1_000, 36, 3_600, 360), { from: 92, to: 118 });
  assert.deepEqual(visibleRange(5, 36, 0, 360), { from: 0, to: 5 });
  assert.deepEqual(visibleRange(0, 36, 0, 360), { from: 0, to: 0 });
  // The table became shorter than where it was scrolled to.
  assert.deepEqual(visibleRange(10, 36, 3_600, 360), { from: 2, to: 10 });
});
