import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  FrameReader,
  isValidCloseCode,
  type FrameHandler,
  type Violation,
} from '../../../../workers/relay/frame-reader.js';
import { closeFrame, frame } from '../../../helpers/raw-cloud.js';
import { assertSameBytes, between, cut, seededBytes, seededRandom } from '../../../helpers/seeded-stream.js';
import { wsFrame } from '../../../helpers/ws-codec.js';

const MAX_MESSAGE = 16_777_216;

/** Writes down what the reader hands on: `p:hex`, `ping:hex`, `close:code reason`, `violation:code`. */
class Recorder implements FrameHandler {
  readonly #payload: Buffer[] = [];
  readonly events: string[] = [];
  largestPiece = 0;

  onPayload(buffer: Buffer, start: number, end: number): void {
    this.largestPiece = Math.max(this.largestPiece, end - start);
    this.#payload.push(Buffer.from(buffer.subarray(start, end)));
  }

  onPing(payload: Buffer): undefined {
    this.events.push(`ping:${payload.toString('hex')}`);
  }

  onClose(code: number, reason: string): void {
    this.events.push(`close:${code} ${reason}`);
  }

  get payload(): Buffer {
    return Buffer.concat(this.#payload);
  }
}

interface Outcome {
  readonly payload: string;
  readonly events: readonly string[];
  readonly violation: number | undefined;
}

function read(input: Buffer, pieces: readonly number[] = [], maxMessageBytes = MAX_MESSAGE): Outcome {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder, maxMessageBytes);
  let violation: Violation | undefined;
  let start = 0;
  for (const end of [...pieces, input.length]) {
    violation ??= reader.push(input, start, end);
    start = end;
  }
  return {
    payload: recorder.payload.toString('hex'),
    events: recorder.events,
    violation: violation?.closeCode,
  };
}

type Row = readonly [
  what: string,
  hex: string,
  payload: string,
  events: readonly string[],
  violation?: number,
];

const bytes = (length: number): string => 'ab'.repeat(length);

const ROWS: readonly Row[] = [
  ['nothing', '', '', []],
  ['an empty message', '8200', '', []],
  ['one byte', '8201ff', 'ff', []],
  ['125 bytes', `827d${bytes(125)}`, bytes(125), []],
  ['126 bytes', `827e007e${bytes(126)}`, bytes(126), []],
  ['127 bytes', `827e007f${bytes(127)}`, bytes(127), []],
  ['a length that is not minimal', `827e0001aa`, 'aa', []],
  ['a 64-bit length that is not minimal', `827f0000000000000001aa`, 'aa', []],
  ['two messages', '820111820122', '1122', []],
  ['three fragments', '020111000122800133', '112233', []],
  ['empty fragments', '02000000000000008000', '', []],
  ['a ping between fragments', '0201118902abcd800122', '1122', ['ping:abcd']],
  ['an unsolicited pong', '8a02abcd820155', '55', []],
  ['an empty ping', '8900', '', ['ping:']],
  ['a ping of 125 bytes', `897d${bytes(125)}`, '', [`ping:${bytes(125)}`]],
  ['an empty close frame', '8800', '', ['close:1005 ']],
  ['a close frame with a code', '880203e8', '', ['close:1000 ']],
  ['a close frame with a reason', '880403e96869', '', ['close:1001 hi']],
  ['data behind a close frame', '880203e8820155', '', ['close:1000 ']],
  ['a ping behind a close frame', '88008900', '', ['close:1005 ']],
  ['a close frame inside a message', '020111880203e8', '11', ['close:1000 ']],
  ['a close frame of 125 bytes', `887d03e8${'61'.repeat(123)}`, '', [`close:1000 ${'a'.repeat(123)}`]],
  ['RSV1', 'c20155', '', [], 1002],
  ['RSV2', 'a20155', '', [], 1002],
  ['RSV3', '920155', '', [], 1002],
  ['RSV on a ping', 'c900', '', [], 1002],
  ['text', '810161', '61', []],
  ['text in fragments that are cut inside a character', '0101e20001828001ac', 'e282ac', []],
  ['text, then binary bytes that are not text', '810161820155820180', '615580', []],
  ['text that is not UTF-8', '8104616280ff', '6162', [], 1007],
  ['text that ends inside a character', '8102e282', 'e282', [], 1007],
  ['text whose last fragment is empty inside a character', '0101e28000', 'e2', [], 1007],
  ['a new text message inside a text message', '010161810162', '61', [], 1002],
  ['a new text message inside a binary one', '020161810162', '61', [], 1002],
  ['a ping inside a character', '0101e289008002' + '82ac', 'e282ac', ['ping:']],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): Row => [
    `opcode ${opcode}`,
    `${(0x80 | opcode).toString(16)}00`,
    '',
    [],
    1002,
  ]),
  ['data before a reserved opcode', '8201558300', '55', [], 1002],
  ['a masked frame', '828101020304ab', '', [], 1002],
  ['a masked ping', '898001020304', '', [], 1002],
  ['a continuation of nothing', '800155', '', [], 1002],
  ['a continuation behind a whole message', '820155800166', '55', [], 1002],
  ['a new message inside another', '020155820166', '55', [], 1002],
  ['a fragmented ping', '0900', '', [], 1002],
  ['a fragmented close frame', '0800', '', [], 1002],
  ['a ping of 126 bytes', `897e007e${bytes(126)}`, '', [], 1002],
  ['a close frame of 126 bytes', `887e007e03e8${bytes(124)}`, '', [], 1002],
  ['a close frame with half a code', '880103', '', [], 1002],
  ['a close reason that is not UTF-8', '880403e8c328', '', [], 1007],
  ['a close reason that is cut inside a character', '880403e8e282', '', [], 1007],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code): Row => [
    `close code ${code}`,
    closeFrame(code).toString('hex'),
    '',
    [],
    1002,
  ]),
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map(
    (code): Row => [`close code ${code}`, closeFrame(code).toString('hex'), '', [`close:${code} `]],
  ),
  ...([2 ** 32, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n] as const).map((length): Row => [
    `a length of ${length}`,
    frame(0x82, '', length).toString('hex'),
    '',
    [],
    1009,
  ]),
  ...([2n ** 63n, 2n ** 64n - 1n] as const).map((length): Row => [
    `a length of ${length}, which has its top bit set`,
    frame(0x82, '', length).toString('hex'),
    '',
    [],
    1002,
  ]),
];

describe('what a server may send, and what not', () => {
  for (const [what, hex, payload, events, violation] of ROWS) {
    test(`${what} (${hex.slice(0, 20)}) gives the same however its bytes are cut`, () => {
      const input = Buffer.from(hex, 'hex');
      const expected = { payload, events, violation };
      assert.deepEqual(read(input), expected);
      for (let at = 0; at <= input.length; at += 1) assert.deepEqual(read(input, [at]), expected);
      assert.deepEqual(read(input, Array.from(input.keys())), expected);
    });
  }

  for (const length of [65_535, 65_536, 65_537]) {
    test(`a message of ${length} bytes comes out whole`, () => {
      const payload = seededBytes(length, length);
      for (const at of [0, 1, 2, 3, 4, 5, 9, 10, 11, length]) {
        assert.equal(read(frame(0x82, payload), [at]).payload, payload.toString('hex'));
      }
    });
  }
});

describe('the largest message', () => {
  test('is allowed at the limit and refused one byte above it', () => {
    assert.equal(read(frame(0x82, Buffer.alloc(1_000)), [], 1_000).violation, undefined);
    assert.equal(read(frame(0x82, Buffer.alloc(1_001)), [], 1_000).violation, 1009);
  });

  test('counts all fragments, and begins anew with each message', () => {
    const half = frame(0x02, Buffer.alloc(600));
    const rest = frame(0x80, Buffer.alloc(400));
    assert.equal(read(Buffer.concat([half, rest, half, rest]), [], 1_000).violation, undefined);
    assert.equal(read(Buffer.concat([half, frame(0x80, Buffer.alloc(401))]), [], 1_000).violation, 1009);
  });

  test('is refused at its header, before any of its payload is handed on', () => {
    assert.deepEqual(read(frame(0x82, Buffer.alloc(50), 1_001), [], 1_000), {
      payload: '',
      events: [],
      violation: 1009,
    });
  });
});

test('a flood that the handler reports stops the reader', () => {
  const flood: Violation = { closeCode: 1008, reason: 'ping-flood', sentence: 'flood' };
  const seen: string[] = [];
  const reader = new FrameReader(
    { onPayload: () => seen.push('payload'), onPing: () => flood, onClose: () => seen.push('close') },
    MAX_MESSAGE,
  );
  const input = Buffer.concat([frame(0x89), frame(0x82, 'x'), closeFrame(1000)]);
  assert.equal(reader.push(input, 0, input.length), flood);
  assert.equal(reader.push(input, 0, input.length), undefined);
  assert.deepEqual(seen, []);
});

test('a message of 16 MiB passes in pieces no larger than the reads', () => {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder, MAX_MESSAGE);
  const payload = seededBytes(1, MAX_MESSAGE);
  const input = frame(0x82, payload);
  for (let at = 0; at < input.length; at += 65_536)
    reader.push(input, at, Math.min(input.length, at + 65_536));
  assertSameBytes(recorder.payload, payload);
  assert.ok(recorder.largestPiece <= 65_536);
});

for (let seed = 1; seed <= 40; seed += 1) {
  test(`what ws sends is read back, seed ${seed}`, () => {
    const random = seededRandom(seed);
    const parts: Buffer[] = [];
    const payloads: Buffer[] = [];
    const pings: string[] = [];
    let inMessage = false;
    for (let count = between(random, 1, 60); count > 0; count -= 1) {
      if (random() % 4 === 0) {
        const ping = seededBytes(random(), between(random, 0, 125));
        parts.push(wsFrame(ping, 9, true));
        pings.push(`ping:${ping.toString('hex')}`);
        continue;
      }
      const length = [0, 1, 125, 126, 127, 65_535, 65_536, between(random, 0, 3_000)][random() % 8] ?? 0;
      const payload = seededBytes(random(), length);
      const isLast = random() % 2 === 0;
      parts.push(wsFrame(payload, inMessage ? 0 : 2, isLast));
      payloads.push(payload);
      inMessage = !isLast;
    }
    const recorder = new Recorder();
    const reader = new FrameReader(recorder, MAX_MESSAGE);
    for (const piece of cut(Buffer.concat(parts), random, 20_000)) {
      assert.equal(reader.push(piece, 0, piece.length), undefined);
    }
    assertSameBytes(recorder.payload, Buffer.concat(payloads));
    assert.deepEqual(recorder.events, pings);
  });
}

test('random bytes end in a violation or in more input wanted, never in an exception', () => {
  const random = seededRandom(4_711);
  for (let round = 0; round < 2_000; round += 1) {
    const input = seededBytes(random(), between(random, 1, 300));
    // Half of them begin like a real stream, to get past the first byte.
    if (round % 2 === 0) input[0] = [0x82, 0x02, 0x80, 0x89, 0x8a, 0x88][random() % 6] ?? 0x82;
    const outcome = read(input, [between(random, 0, input.length)], 500);
    assert.ok(outcome.payload.length <= 2 * input.length);
  }
});

test('close codes are valid as registered', () => {
  const valid = Array.from({ length: 65_536 }, (_, code) => code).filter(isValidCloseCode);
  assert.equal(valid.length, 2_000 + 12);
});
