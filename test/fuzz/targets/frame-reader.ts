import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { FrameReader, type FrameHandler, type Violation } from '../../../workers/relay/frame-reader.js';
import { wsClientReceiver } from '../../helpers/ws-codec.js';
import { frame } from '../../helpers/raw-cloud.js';
import { bytesOf, surface } from '../../hostile/cases.js';
import type { FrameCase } from '../../hostile/frame-cases.js';
import type { FuzzTarget } from '../target.js';

const MAX_MESSAGE_BYTES = 65_536;

/** What a reader handed on until the end of its input. */
interface Outcome {
  readonly payload: Buffer;
  /** Pings and the close frame, in order. */
  readonly control: readonly string[];
  readonly violation: Violation | undefined;
}

const FRAME = fc
  .tuple(
    fc.constantFrom(0x82, 0x02, 0x80, 0x00, 0x81, 0x01, 0x89, 0x8a, 0x88, 0xc2, 0x83),
    fc.uint8Array({ maxLength: 140 }),
    fc.constantFrom(0, 0, 0, 0, 1, 70_000),
  )
  .map(([first, payload, longer]) => {
    const body =
      first === 0x88 && payload.length > 1
        ? Buffer.concat([Buffer.of(3, 232), payload.subarray(2)])
        : payload;
    return frame(first, Buffer.from(body), body.length + longer);
  });

export const frameReader: FuzzTarget = {
  name: 'frame-reader',
  holds: 'the payload is what ws reads, wherever the input is cut, and no piece is longer than the input',
  seeds: () => surface<FrameCase>('frames').cases.map(({ bytes }) => bytesOf(bytes).subarray(0, 4_096)),
  dictionary: [
    '8200',
    '8900',
    '8800',
    '880203e8',
    '0200',
    '8000',
    '827e0001',
    '827f0000000000000001',
    '8101',
    '8a00',
  ].map((hex) => Buffer.from(hex, 'hex')),
  structured: fc.array(FRAME, { maxLength: 12 }).map((frames) => Buffer.concat(frames)),
  check: (input) => {
    const whole = read(input, [input.length]);
    assertSame(
      read(
        input,
        Array.from(input, (_, at) => at + 1),
      ),
      whole,
    );
    assertSame(
      read(input, [Math.floor(input.length / 3), Math.floor(input.length / 2), input.length]),
      whole,
    );
    assert.ok(whole.payload.length <= input.length);
    assertLikeWs(input, whole);
  },
};

function read(input: Buffer, ends: readonly number[]): Outcome {
  const pieces: Buffer[] = [];
  const control: string[] = [];
  const handler: FrameHandler = {
    onPayload: (buffer, start, end) => {
      assert.ok(start < end && end <= buffer.length, 'an empty piece, or one beyond its buffer');
      pieces.push(Buffer.from(buffer.subarray(start, end)));
    },
    onPing: (payload) => {
      control.push(`ping ${payload.toString('hex')}`);
      return undefined;
    },
    onClose: (code, reason) => control.push(`close ${code} ${reason}`),
  };
  const reader = new FrameReader(handler, MAX_MESSAGE_BYTES);
  let violation: Violation | undefined;
  let start = 0;
  for (const end of ends) {
    // The reader gets memory of its own each time and may not look back into the last one.
    const piece = Buffer.from(input.subarray(start, end));
    violation ??= reader.push(piece, 0, piece.length);
    piece.fill(0xee);
    start = end;
  }
  return { payload: Buffer.concat(pieces), control, violation };
}

function assertSame(a: Outcome, b: Outcome): void {
  assert.ok(a.payload.equals(b.payload), 'another payload when it is cut');
  assert.deepEqual([a.control, a.violation], [b.control, b.violation], 'something else when it is cut');
}

/**
 * ws hands on whole messages only, looks at a header when it has all of it, and at the text of a message at its end:
 * so what it has is the beginning of what we have, and it may need more bytes to see a violation.
 */
function assertLikeWs(input: Buffer, ours: Outcome): void {
  const receiver = wsClientReceiver(MAX_MESSAGE_BYTES);
  const messages: Buffer[] = [];
  const control: string[] = [];
  receiver.on('message', (message: Buffer) => messages.push(message));
  receiver.on('ping', (payload: Buffer) => control.push(`ping ${payload.toString('hex')}`));
  receiver.on('conclude', (code: number, reason: Buffer) => {
    control.push(`close ${code} ${reason.toString('utf8')}`);
  });
  receiver.on('error', () => undefined);
  receiver.write(Buffer.from(input));
  const theirs = Buffer.concat(messages);
  assert.ok(ours.payload.subarray(0, theirs.length).equals(theirs), 'ws has another payload');
  if (receiver._errored && ours.violation === undefined) {
    // A close frame with half a code: ws needs no payload to see it.
    const more = Buffer.concat([input, Buffer.alloc(16)]);
    assert.ok(read(more, [more.length]).violation !== undefined, 'ws sees a violation');
  }
  // What it may have read beyond our violation, in a text that turns out bad, is no matter.
  if (ours.violation === undefined) assert.deepEqual(ours.control, control, 'ws has other control frames');
  if (
    ours.violation === undefined ||
    ours.violation.closeCode === 1007 ||
    receiver._errored ||
    control.some((one) => one.startsWith('close'))
  )
    return;
  receiver.write(Buffer.alloc(16));
  assert.ok(receiver._errored, `ws sees nothing wrong: ${ours.violation.sentence}`);
}
