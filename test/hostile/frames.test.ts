import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PING_FLOOD_LIMIT } from '../../contract/limits.js';
import { FrameReader, type FrameHandler, type Violation } from '../../workers/relay/frame-reader.js';
import { bytesOf, surface } from './cases.js';
import type { FrameCase } from './frame-cases.js';

const MAX_MESSAGE_BYTES = 1_048_576;

/** Up to this length the input is cut at every byte; longer ones at the first and last hundred. */
const CUT_EVERYWHERE_BYTES = 200;

/** Writes down what it is given; a thousand pings are a flood to it as they are to a session. */
class Recorder implements FrameHandler {
  readonly pieces: Buffer[] = [];
  readonly events: string[] = [];

  onPayload(buffer: Buffer, start: number, end: number): void {
    this.pieces.push(Buffer.from(buffer.subarray(start, end)));
  }

  onPing(payload: Buffer): Violation | undefined {
    this.events.push(`ping:${payload.toString('hex')}`);
    if (this.events.length <= PING_FLOOD_LIMIT) return undefined;
    this.events.length = 0;
    return { closeCode: 1008, reason: 'ping-flood', sentence: 'too many pings' };
  }

  onClose(code: number, reason: string): void {
    this.events.push(`close:${code} ${reason}`);
  }
}

function read(input: Buffer, cuts: readonly number[]): unknown {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder, MAX_MESSAGE_BYTES);
  let violation: Violation | undefined;
  let start = 0;
  for (const end of [...cuts, input.length]) {
    violation ??= reader.push(input, start, end);
    start = end;
  }
  return {
    payload: Buffer.concat(recorder.pieces).toString('latin1'),
    events: recorder.events,
    violation: violation === undefined ? undefined : [violation.closeCode, violation.reason],
  };
}

function cutsOf(length: number): number[] {
  const all = Array.from({ length: length + 1 }, (_, at) => at);
  return length <= CUT_EVERYWHERE_BYTES ? all : [...all.slice(0, 100), ...all.slice(-100)];
}

for (const { id, bytes, expect } of surface<FrameCase>('frames').cases) {
  test(`${id} gives the same however its bytes are cut`, () => {
    const input = bytesOf(bytes);
    const expected = {
      payload: bytesOf(expect.payload ?? '').toString('latin1'),
      events: expect.events ?? [],
      violation: expect.closeCode === undefined ? undefined : [expect.closeCode, expect.reason],
    };
    assert.deepEqual(read(input, []), expected);
    for (const at of cutsOf(input.length)) {
      // Without the difference in the message: it may be a megabyte.
      assert.ok(same(read(input, [at]), expected), `cut at ${at}`);
    }
    if (input.length <= CUT_EVERYWHERE_BYTES) {
      assert.deepEqual(read(input, Array.from(input.keys())), expected, 'byte by byte');
    }
  });
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
