import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Terminal, printable, table } from '../../../src/cli/terminal.js';

class Screen {
  text = '';
  readonly columns = 10;
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
  }
}

test('colours appear on a terminal, and neither in a pipe nor with NO_COLOR nor on a dumb terminal', () => {
  const painted = (isTTY: boolean, env: Record<string, string>): string =>
    new Terminal(new Screen(isTTY), env).paint('red', 'x');
  assert.equal(painted(true, {}), '\u001b[31mx\u001b[0m');
  assert.equal(painted(true, { NO_COLOR: '' }), '\u001b[31mx\u001b[0m');
  assert.equal(painted(true, { NO_COLOR: '1' }), 'x');
  assert.equal(painted(true, { TERM: 'dumb' }), 'x');
  assert.equal(painted(false, {}), 'x');
});

test('progress is one line that the next line takes the place of', () => {
  const screen = new Screen(true);
  const terminal = new Terminal(screen, {});
  terminal.progress('a line that is too long');
  terminal.line('done');
  assert.equal(screen.text, 'a line th\r\u001b[2Kdone\n');
});

test('a pipe sees no progress', () => {
  const pipe = new Screen(false);
  const terminal = new Terminal(pipe, {});
  terminal.progress('working');
  terminal.clear();
  terminal.line();
  assert.equal(pipe.text, '\n');
});

test('a table aligns its columns and leaves no blanks at the end', () => {
  assert.deepEqual(table([['id', 'state', 'x'], ['session-1', 'open', ''], []]), [
    'id         state  x',
    'session-1  open',
    '',
  ]);
});

test('text from elsewhere cannot command the terminal', () => {
  assert.equal(printable('\u001b[2Ja\r\nb\u202Ec'), '?[2Ja??b?c');
});
