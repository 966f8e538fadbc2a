import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { Questions } from '../../../src/cli/init/questions.js';
import { Prompt } from '../../../src/cli/prompt.js';
import { Terminal } from '../../../src/cli/terminal.js';

test('a remark is broken between words on a terminal of 80 columns', () => {
  let written = '';
  const output = { write: (text: string) => (written += text), isTTY: true, columns: 80 };
  const prompt = new Prompt(new PassThrough(), output);
  const questions = new Questions(prompt, new Terminal(output, { NO_COLOR: '1' }));
  written = '';
  const sentence =
    'It is a sentence with quite a lot of words, more than there is room for on one line of 80 columns.';
  questions.remark(sentence);
  prompt.close();
  const lines = written.trimEnd().split('\n');
  assert.equal(lines.length, 2);
  for (const line of lines) assert.ok(line.length <= 80, line);
  assert.equal(lines.map((line) => line.trim()).join(' '), sentence);
});
