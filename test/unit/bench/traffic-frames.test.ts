import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameHeader, OPCODE } from '../../../bench/traffic/frame-header.js';
import { FrameParser } from '../../../bench/traffic/frame-parser.js';
import { Pattern } from '../../../bench/traffic/pattern.js';
import { until } from '../../helpers/until.js';
import { wsFrame, wsReceiver } from '../../helpers/ws-codec.js';
import { maskedFrame } from './traffic-masked-frame.js';

const SIZES = [0, 1, 125, 126, 65_535, 65_536, 200_000];

function payload(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  new Pattern(1).write(bytes, 0, 0, length);
  return bytes;
}

/** What a parser finds in a stream that comes in pieces of `step` bytes. */
function parse(stream: Buffer, step: number, expectMasked: boolean): { bytes: Buffer; events: string[] } {
  const pieces: Buffer[] = [];
  const events: string[] = [];
  const parser = new FrameParser(
    {
      onPayload: (buffer, start, end) => pieces.push(Buffer.from(buffer.subarray(start, end))),
      onPing: (bytes) => events.push(`ping ${bytes.toString()}`),
      onClose: () => events.push('close'),
    },
    expectMasked,
  );
  const copy = Buffer.from(stream);
  for (let at = 0; at < copy.length; at += step) parser.push(copy.subarray(at, at + step));
  return { bytes: Buffer.concat(pieces), events };
}

test('frames of the generator are read by the ws library', async () => {
  for (const size of SIZES) {
    const receiver = wsReceiver();
    const message = new Promise<Buffer>((resolve) => receiver.once('message', resolve));
    const mask = 0x5a;
    receiver.write(frameHeader(OPCODE.binary, size, mask));
    receiver.write(Buffer.from(payload(size).map((byte) => byte ^ mask)));
    assert.ok((await until(`a message of ${size} bytes`, message)).equals(payload(size)), `${size} bytes`);
  }
});

test('frames of the ws library are read by the generator, wherever they are cut', () => {
  for (const mask of [false, true]) {
    const frame = (size: number): Buffer =>
      mask ? maskedFrame(payload(size)) : wsFrame(payload(size), OPCODE.binary, true);
    const stream = Buffer.concat(SIZES.map(frame));
    const expected = Buffer.concat(SIZES.map(payload));
    for (const step of [stream.length, 65_536, 4_099, 7]) {
      assert.ok(parse(stream, step, mask).bytes.equals(expected), `masked ${mask}, pieces of ${step}`);
    }
  }
});

test('control frames between the fragments of a message are told and are no payload', () => {
  const stream = Buffer.concat([
    wsFrame(Buffer.from('one '), OPCODE.binary, false),
    wsFrame(Buffer.from('hello'), OPCODE.ping, true),
    wsFrame(Buffer.from('two'), OPCODE.continuation, true),
    wsFrame(Buffer.from([3, 232]), OPCODE.close, true),
  ]);
  for (const step of [stream.length, 1]) {
    const { bytes, events } = parse(stream, step, false);
    assert.equal(bytes.toString(), 'one two');
    assert.deepEqual(events, ['ping hello', 'close']);
  }
});

test('frames that break the protocol are faults', () => {
  const broken = {
    'masked by a server': [maskedFrame(payload(4)), false],
    'not masked by a client': [wsFrame(payload(4), OPCODE.binary, true), true],
    'with reserved bits': [Buffer.from([0xc2, 0]), false],
    'of text': [wsFrame(Buffer.from('text'), 1, true), false],
    'of control with 126 bytes': [Buffer.from([0x89, 126, 0, 126]), false],
  } as const;
  for (const [what, [stream, expectMasked]] of Object.entries(broken)) {
    assert.throws(() => parse(stream, stream.length, expectMasked), Error, what);
  }
});
