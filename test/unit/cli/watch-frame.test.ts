import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { frame, type WatchView } from '../../../src/cli/watch/frame.js';
import { plain, render } from '../../../src/cli/watch/line.js';
import { Screen } from '../../../src/cli/watch/screen.js';
import { INITIAL, settle } from '../../../src/cli/watch/watch-state.js';
import { row } from './watch-rows.js';

const LONG = row({
  id: 'abcdef0123456789',
  conduit: 'a-conduit-with-quite-a-long-name',
  target: '[fd00:1234:5678:9abc:def0:1234:5678:9abc]:65535',
  state: 'approval',
  age: 99_999_999,
  left: 100,
  uplinkBytes: 999 * 1_024 ** 3,
  uplinkRate: 999 * 1_024 ** 2,
  device: '12345678901234567890',
  operation: '12345678901234567890',
  generation: 12,
});

function view(more: Partial<WatchView> = {}): WatchView {
  const rows = more.rows ?? [row(), LONG];
  return {
    state: settle(INITIAL, rows, 10),
    rows,
    count: rows.length,
    total: { uplink: 1_024, downlink: 0 },
    agent: { about: 'cloud connected', isConnected: true, awayS: undefined },
    notice: undefined,
    time: '12:00:00',
    ...more,
  };
}

const texts = (lines: ReturnType<typeof frame>, width: number): string[] =>
  lines.map((line) => render(line, width, false));

test('a frame fits every size of window', () => {
  for (const width of [1, 20, 40, 60, 79, 80, 100, 120, 140, 300]) {
    for (const height of [1, 2, 3, 4, 5, 10, 24, 40]) {
      const lines = texts(frame(view(), width, height), width);
      assert.equal(lines.length, Math.max(1, Math.min(height, Math.max(height, 3))), `${width}x${height}`);
      for (const line of lines) assert.ok(line.length <= width, `${width}: ${line}`);
    }
  }
});

test('80 columns have what matters, wide ones the rest, and the columns stand below their headings', () => {
  const [, , narrow = '', first = ''] = texts(
    frame(view({ rows: [row({ id: '3fa94c01d2', uplinkRate: 2_048 })] }), 80, 24),
    80,
  );
  assert.equal(narrow, '  ID          CONDUIT       TARGET         STATE       AGE v      UP/s    DOWN/s');
  assert.equal(first, '> 3fa94c01d2  packaging-h~  10.0.5.7:5900  open        1h 5m   2.0 KiB         -');
  const [, , wide = ''] = texts(frame(view(), 300, 24), 300);
  for (const title of ['ENDS IN', 'UP', 'DOWN', 'DEVICE', 'OPERATION', 'WORKER', 'GEN'])
    assert.match(wide, new RegExp(` ${title}( |$)`), title);
});

test('at 80 columns the keys are whole, whatever the number of sessions', () => {
  const rows = Array.from({ length: 10_000 }, (_, index) => row({ id: `s-${index}` }));
  const keys = (mode: WatchView['state']['mode']): string => {
    const settled = settle({ ...INITIAL, selectedId: 's-9999' }, rows, 10);
    return texts(frame(view({ rows, state: { ...settled, mode } }), 80, 24), 80).at(-1) ?? '';
  };
  assert.match(keys({ kind: 'list' }), /^\d+\/10000 {2}q quit .*\? help$/);
  assert.match(keys({ kind: 'search', before: '' }), /Escape leaves$/);
});

test('a question, a search, an agent that is away and one that has no sessions are said', () => {
  const line = (more: Partial<WatchView>, index = 1): string =>
    texts(frame(view(more), 100, 24), 100)[index] ?? '';
  const state = view().state;
  const confirm = { ...state, mode: { kind: 'confirm', id: 's-1' } } as const;
  assert.equal(line({ state: confirm }), 'End s-1 to 10.0.5.7:5900 (packaging-hmis)? Press y.');
  const search = { ...state, search: 'pack', mode: { kind: 'search', before: '' } } as const;
  assert.equal(line({ state: search }), 'Search: pack_');
  assert.match(line({ agent: { about: '', isConnected: true, awayS: 61 } }), /not answered for 1m 1s/);
  assert.match(line({ rows: [], count: 0 }, 3), /No sessions\./);
  assert.match(line({ rows: [], count: 9 }, 3), /No session matches/);
  assert.match(line({ rows: [row()], count: 9 }, 0), /9 sessions, 1 shown {2}up 1\.0 KiB\/s {2}down 0 B\/s/);
});

test('colours only where they are wanted; the selected line is turned round as a whole', () => {
  const line = { pieces: [{ text: 'red', style: 'red' }, { text: ' rest' }] } as const;
  assert.equal(render(line, 6, true), '\u001b[31mred\u001b[0m r~');
  assert.equal(render(line, 6, false), 'red r~');
  assert.equal(render({ ...line, isMarked: true }, 10, true), '\u001b[7mred rest  \u001b[0m');
});

test('only lines that changed are written, all of them when the size does, and the terminal is given back', () => {
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 20, rows: 5 });
  const written = (): string => String(output.read() ?? '');
  const screen = new Screen(output, false);
  screen.draw([plain('not open yet')]);
  assert.equal(written(), '');
  screen.open();
  written();
  screen.draw([plain('a'), plain('b')]);
  assert.equal(written(), '\u001b[2J\u001b[1;1H\u001b[2Ka\u001b[2;1H\u001b[2Kb');
  screen.draw([plain('a'), plain('c')]);
  assert.equal(written(), '\u001b[2;1H\u001b[2Kc');
  screen.draw([plain('a')]);
  assert.equal(written(), '\u001b[2;1H\u001b[J');
  output.rows = 1;
  screen.draw([plain('a')]);
  assert.equal(written(), '\u001b[2J\u001b[1;1H\u001b[2Ka');
  screen.close();
  screen.close();
  assert.equal(written(), '\u001b[0m\u001b[?7h\u001b[?25h\u001b[?1049l');
});

test('a terminal that tells no sane size is taken for one of 80 by 24', () => {
  const sized = (columns: number, rows: number): number[] => {
    const screen = new Screen(Object.assign(new PassThrough(), { columns, rows }), false);
    return [screen.width, screen.height];
  };
  assert.deepEqual(sized(0, 0), [80, 24]);
  assert.deepEqual(sized(Number.NaN, -1), [80, 24]);
  assert.deepEqual(sized(65_535, 65_535), [1_000, 1_000]);
});
