import assert from 'node:assert/strict';
import { ReplyError, ReplyReader, type ReplyHead } from '../../../workers/dial/reply-head.js';
import { bytesOf, surface, type Case, type Written } from '../../hostile/cases.js';
import type { FuzzTarget } from '../target.js';

/** Longer inputs are not cut at every byte: that takes too long to do often. */
const MAX_CUT_BYTES = 600;

type Outcome = { readonly head: ReplyHead; readonly end: number } | 'not HTTP' | 'more';

export const upgrade: FuzzTarget = {
  name: 'upgrade',
  holds: 'a reply gives one head, or a ReplyError, or nothing yet, wherever it is cut',
  seeds: () =>
    surface<Case & { readonly answer: Written }>('upgrade-answers').cases.map(({ answer }) =>
      bytesOf(answer).subarray(0, 20_000),
    ),
  dictionary: [
    '\r\n',
    '\r\n\r\n',
    'HTTP/1.1 ',
    'HTTP/1.1 101 X\r\n',
    '100 ',
    ': ',
    'Upgrade: websocket\r\n',
    '\n',
    '\r',
    '\0',
    ' : ',
    '\t',
  ],
  check: (input) => {
    const whole = read(input, [input.length]);
    const ends = input.length <= MAX_CUT_BYTES ? Array.from(input, (_, at) => at + 1) : [input.length];
    assert.deepEqual(read(input, ends), whole, 'byte by byte it is something else');
    const middle = Math.floor(input.length / 2);
    assert.deepEqual(read(input, [middle, input.length]), whole, 'in two pieces it is something else');
    if (typeof whole === 'string') return;
    const { head, end } = whole;
    assert.ok(head.status === 101 || (head.status >= 200 && head.status <= 599));
    assert.ok(end <= 16_384);
    assert.ok(input.subarray(0, end).toString('latin1').endsWith('\r\n\r\n'));
    for (const [name, value] of head.fields) {
      assert.match(name, /^[!#$%&'*+.^_`|~0-9a-z-]+$/);
      assert.match(value, /^[\t -~\x80-\xff]*$/);
    }
  },
};

function read(input: Buffer, ends: readonly number[]): Outcome {
  const reader = new ReplyReader();
  let found: { head: ReplyHead; end: number } | undefined;
  let start = 0;
  try {
    for (const end of ends) {
      const offset = start;
      reader.push(input.subarray(start, end), (head, at) => (found = { head, end: offset + at }));
      if (found !== undefined) return found;
      start = end;
    }
  } catch (error) {
    assert.ok(error instanceof ReplyError, String(error));
    return 'not HTTP';
  }
  return 'more';
}
