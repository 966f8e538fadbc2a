import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyError, ReplyReader, type ReplyHead } from '../../../../workers/dial/reply-head.js';

const REPLY = Buffer.from(
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX-Two: a\r\nx-two:b \r\nX-Empty:\r\n\r\nbehind',
  'latin1',
);

/** Feeds the pieces; gives the head and what came behind it in its piece. */
function read(
  ...pieces: (Buffer | string)[]
): { readonly head: ReplyHead; readonly behind: string } | undefined {
  const reader = new ReplyReader();
  for (const piece of pieces) {
    const bytes = Buffer.from(piece as string, 'latin1');
    let found: ReturnType<typeof read>;
    reader.push(bytes, (head, end) => (found = { head, behind: bytes.toString('latin1', end) }));
    if (found !== undefined) return found;
  }
  return undefined;
}

test('a head is read wherever it is cut, and what comes behind it is left', () => {
  for (let cut = 0; cut <= REPLY.length; cut += 1) {
    const found = read(REPLY.subarray(0, cut), REPLY.subarray(cut));
    assert.equal(found?.head.status, 101);
    assert.deepEqual(Object.fromEntries(found.head.fields), {
      upgrade: 'websocket',
      'x-two': 'a, b',
      'x-empty': '',
    });
    const headEnd = REPLY.length - 'behind'.length;
    assert.equal(found.behind, cut < headEnd ? 'behind' : 'behind'.slice(0, cut - headEnd));
  }
});

test('a head that comes byte by byte is read', () => {
  assert.equal(read(...[...REPLY].map((octet) => Buffer.of(octet)))?.head.status, 101);
});

test('interim replies are passed over', () => {
  const interim = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n';
  assert.equal(read(interim + REPLY.toString('latin1'))?.head.status, 101);
  assert.equal(read(interim, 'HTTP/1.1 404 \r\n\r\n')?.head.status, 404);
});

test('a status line needs no reason', () => {
  assert.equal(read('HTTP/1.1 204\r\n\r\n')?.head.status, 204);
});

for (const [what, text] of [
  ['another protocol, at its first byte', 'S'],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\n'],
  ['HTTP/2', 'HTTP/2 200\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 99 Low\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 1010 High\r\n\r\n'],
  ['a status above 599', 'HTTP/1.1 600 High\r\n\r\n'],
  ['a control character in the reason', 'HTTP/1.1 200 O\x07K\r\n\r\n'],
  ['a line without a colon', 'HTTP/1.1 200 OK\r\nnothing\r\n\r\n'],
  ['a blank before the colon', 'HTTP/1.1 200 OK\r\nUpgrade : x\r\n\r\n'],
  ['a folded line', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
  ['a bare line feed', 'HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n'],
  ['a control character in a value', 'HTTP/1.1 200 OK\r\nA: b\x00\r\n\r\n'],
  ['a head above 16 KiB', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(16_384)}`],
  ['interim replies above 16 KiB in all', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(700)],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(() => read(text), ReplyError);
  });
}
