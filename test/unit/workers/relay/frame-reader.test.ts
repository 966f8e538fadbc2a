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

describe('a message at a boundary of the length', () => {
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
