import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keysIn } from '../../../src/cli/watch/keys.js';

for (const [what, input, expected] of [
  ['letters', 'qx', ['q', 'x']],
  [
    'arrows of xterm and of application mode',
    '\u001b[A\u001bOB\u001b[C\u001b[D',
    ['up', 'down', 'right', 'left'],
  ],
  [
    'home and end of three kinds of terminal',
    '\u001b[H\u001b[1~\u001bOF\u001b[4~',
    ['home', 'home', 'end', 'end'],
  ],
  ['pages and delete', '\u001b[5~\u001b[6~\u001b[3~', ['page-up', 'page-down', 'delete']],
  ['Escape alone', '\u001b', ['escape']],
  ['Enter, Backspace, Ctrl-C', '\r\u007f\u0003', ['enter', 'backspace', 'interrupt']],
  ['letters beyond ASCII as one', 'ü💡', ['ü', '💡']],
  ['a sequence that nobody knows as nothing', '\u001b[200~a\u001b[38;5;1mb', ['a', 'b']],
  ['control characters as nothing', '\u0000\u0007\u009b', []],
] as const) {
  test(`reads ${what}`, () => {
    assert.deepEqual(
      keysIn(input).map((key) => (key.kind === 'character' ? key.text : key.kind)),
      expected,
    );
  });
}

test('a paste is cut', () => assert.equal(keysIn('x'.repeat(100_000)).length, 200));
