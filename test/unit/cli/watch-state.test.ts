import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keysIn } from '../../../src/cli/watch/keys.js';
import { matches, ordered, sessionRow, type SessionRow } from '../../../src/cli/watch/session-row.js';
import { INITIAL, press, settle, type Action, type WatchState } from '../../../src/cli/watch/watch-state.js';
import { SESSION } from '../admin/admin-helpers.js';
import { NOW_MS, row } from './watch-rows.js';

const PAGE = 3;
const ROWS = ['a', 'b', 'c', 'd', 'e'].map((id) => row({ id }));

/** Types keys, and settles after each as the screen does. */
function type(input: string, rows: readonly SessionRow[] = ROWS, from: WatchState = INITIAL) {
  let state = settle(from, rows, PAGE);
  const actions: Action[] = [];
  for (const key of keysIn(input)) {
    const step = press(state, key, rows, PAGE);
    state = settle(step.state, rows, PAGE);
    if (step.action !== undefined) actions.push(step.action);
  }
  return { state, actions };
}

test('arrows, pages and ends move the selection, and the list follows', () => {
  for (const [keys, id, top] of [
    ['', 'a', 0],
    ['\u001b[B', 'b', 0],
    ['\u001b[B\u001b[B\u001b[B', 'd', 1],
    ['\u001b[F', 'e', 2],
    ['\u001b[F\u001b[A\u001b[A\u001b[A', 'b', 1],
    ['\u001b[6~', 'd', 1],
    ['\u001b[6~\u001b[6~\u001b[6~', 'e', 2],
    ['\u001b[F\u001b[H\u001b[A', 'a', 0],
  ] as const) {
    const { state } = type(keys);
    assert.deepEqual([state.selectedId, state.top], [id, top], JSON.stringify(keys));
  }
});

test('one confirmation ends the selected session; anything else keeps it', () => {
  assert.deepEqual(type('\u001b[Bxy').actions, [{ kind: 'end', id: 'b' }]);
  assert.deepEqual(type('\u001b[3~Y').actions, [{ kind: 'end', id: 'a' }]);
  for (const keys of ['x', 'xn', 'x\u001b', 'x\r', 'xq', 'y']) assert.deepEqual(type(keys).actions, [], keys);
});

test('a session that ends by itself takes its question with it, and no other is ended', () => {
  const { state } = type('\u001b[Bx');
  const after = settle(
    state,
    ROWS.filter(({ id }) => id !== 'b'),
    PAGE,
  );
  assert.deepEqual([after.mode.kind, after.selectedId], ['list', 'c']);
  assert.deepEqual(type('y', ROWS, after).actions, []);
});

test('without sessions there is nothing to end', () => {
  const { state, actions } = type('x\u001b[B\u001b[6~xy', []);
  assert.deepEqual([state.selectedId, state.mode.kind, actions], [undefined, 'list', []]);
});

test('letters order at once, again turn round; arrows go by columns', () => {
  assert.deepEqual([type('u').state.sort, type('u').state.isReversed], ['uplinkRate', false]);
  assert.deepEqual([type('uu').state.sort, type('uu').state.isReversed], ['uplinkRate', true]);
  assert.equal(type('ur').state.isReversed, true);
  assert.deepEqual(type('u\u001b[C').state.sort, 'downlinkRate');
  assert.deepEqual(type('i\u001b[D\u001b[D').state.sort, 'id');
});

test('a search is typed, kept with Enter, left with Escape; its letters are no commands', () => {
  assert.deepEqual([type('/qx').state.search, type('/qx').actions], ['qx', []]);
  assert.deepEqual([type('/ab\u007f\r').state.search, type('/ab\r').state.mode.kind], ['a', 'list']);
  assert.equal(type('/ab\r/cd\u001b').state.search, 'ab', 'what it was before');
  assert.equal(type('/ab\r\u001b').state.search, '', 'all again');
  assert.equal(type(`/${'y'.repeat(99)}`).state.search.length, 60);
});

test('q and Ctrl-C quit, Ctrl-C from everywhere', () => {
  for (const keys of ['q', '\u0003', '/\u0003', 'x\u0003', '?\u0003'])
    assert.deepEqual(type(keys).actions, [{ kind: 'quit' }], JSON.stringify(keys));
  assert.equal(type('?q').state.mode.kind, 'list', 'any key leaves the help');
});

test('a search looks into every text, in any case, for all of its words', () => {
  const one = row({
    id: 'abc',
    conduit: 'Packaging',
    target: '10.0.5.7:5900',
    operation: '4711',
    device: '815',
  });
  for (const search of ['pack', 'PACK 5900', '10.0.5.7', '4711', '815', 'open', 'abc', '', ' '])
    assert.ok(matches(one, search), search);
  for (const search of ['pack 22', '10.0.5.8', 'closing']) assert.ok(!matches(one, search), search);
});

test('numbers are ordered from the largest, texts from A with their numbers, equal ones by id', () => {
  const ids = (rows: readonly SessionRow[]): string => rows.map(({ id }) => id).join('');
  const rows = [
    row({ id: 'a', age: 5, target: '10.0.0.10:1' }),
    row({ id: 'c', age: undefined, target: '10.0.0.9:1' }),
    row({ id: 'b', age: 9, target: '10.0.0.9:1' }),
  ];
  assert.equal(ids(ordered(rows, 'age', false)), 'bac');
  assert.equal(ids(ordered(rows, 'age', true)), 'cab');
  assert.equal(ids(ordered(rows, 'target', false)), 'bca');
});

test('a row says what only newer agents tell, and nothing that a terminal would obey', () => {
  const session = {
    ...SESSION,
    conduit: '\u001b[31mred',
    host: 'fd00::7',
    state: 'connecting' as const,
    openedAt: null,
    startedAt: '2030-01-02T04:09:00.000Z',
    approval: 'waiting' as const,
    endsAt: '2030-01-02T04:19:05.000Z',
  };
  const { conduit, target, state, age, left } = sessionRow(session, { uplink: 0, downlink: 0 }, NOW_MS);
  assert.deepEqual([conduit, target, state, age, left], ['?[31mred', '[fd00::7]:5900', 'approval', 5, 600]);
});
