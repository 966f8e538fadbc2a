import assert from 'node:assert/strict';
import { test } from 'node:test';
import { humanAge, humanBytes, printable } from '../../../src/cli/admin-text.js';
import { sessionLines } from '../../../src/cli/sessions.js';
import type { SessionView } from '../../../src/admin/backend.js';
import { SESSION } from '../admin/admin-helpers.js';

const NOW_MS = Date.parse('2030-01-02T04:09:05.000Z');
const WORST: SessionView = {
  ...SESSION,
  id: 's-1234567',
  conduit: 'a-conduit-with-quite-a-long-name',
  host: 'fd00:1234:5678:9abc:def0:1234:5678:9abc',
  state: 'connecting',
  openedAt: null,
  uplinkBytes: 999 * 1_024 ** 3,
};

test('shows a session with humanised age and bytes', () => {
  assert.deepEqual(sessionLines([SESSION], 120, NOW_MS), [
    'ID   CONDUIT         TARGET         STATE    AGE       UP  DOWN  WORKER  OPERATION',
    's-1  packaging-hmis  10.0.5.7:5900  open   1h 5m  1.2 MiB  89 B       1  4711',
    '',
    '1 session; UP is target to cloud. gatehouse close ID ends one.',
  ]);
});

for (const width of [80, 120]) {
  test(`fits ${width} columns with the longest names`, () => {
    for (const line of sessionLines([SESSION, WORST], width, NOW_MS)) {
      assert.ok(line.length <= width, `${line.length}: ${line}`);
    }
  });
}

test('says so when there are none', () => {
  assert.deepEqual(sessionLines([], 80, NOW_MS), ['No sessions.']);
});

test('names from elsewhere cannot paint on the terminal', () => {
  const [, line = ''] = sessionLines([{ ...SESSION, conduit: '\u001b[31mred\u202e' }], 120, NOW_MS);
  assert.match(line, /\?\[31mred\?/);
  assert.equal(printable('a\r\nb'), 'a??b');
});

for (const [bytes, text] of [
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 KiB'],
  [1_024, '1.0 KiB'],
  [102_400, '100 KiB'],
  [1_022_976, '999 KiB'],
  [1_023_999, '1.0 MiB'],
  [1_048_576, '1.0 MiB'],
  [5 * 1_024 ** 4, '5.0 TiB'],
] as const) {
  test(`${bytes} bytes read ${text}`, () => assert.equal(humanBytes(bytes), text));
}

for (const [seconds, text] of [
  [-1, '0s'],
  [0.9, '0s'],
  [59, '59s'],
  [60, '1m'],
  [200, '3m 20s'],
  [3_600, '1h'],
  [3_605, '1h'],
  [93_784, '1d 2h'],
] as const) {
  test(`${seconds} s read ${text}`, () => assert.equal(humanAge(seconds), text));
}
