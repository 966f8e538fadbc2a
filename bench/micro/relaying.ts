import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { Downlink } from '../../workers/relay/downlink.js';
import { RelayMemory } from '../../workers/relay/memory.js';
import { MAX_READ_BYTES } from '../../workers/relay/pace.js';
import type { RingSource } from '../../workers/relay/ring.js';
import { sharesOf } from '../../workers/relay/share.js';
import { Uplink } from '../../workers/relay/uplink.js';
import { bytesOf } from './frames.js';
import type { MicroBench } from './harness/micro-bench.js';

/** Bytes of one read: a keystroke, a small answer, one frame, four, a full read. */
const READ_BYTES = [16, 1_024, 16_376, 65_504, MAX_READ_BYTES] as const;

/** Frames from the cloud in one read of about 64 KiB. */
const DOWNLINK_FRAMES = [
  { frames: 992, payloadBytes: 64 },
  { frames: 4, payloadBytes: 16_376 },
] as const;

/** `limits.buffer` and `limits.bootstrapBuffer` as they are by default. */
const SHARES = sharesOf(262_144, false);
const BOOTSTRAP_BYTES = 65_536;

/** One step of either direction, from the read buffer to the write, without sockets. */
export function relayingBenches(): readonly MicroBench[] {
  return [...READ_BYTES.map(uplinkStep), ...DOWNLINK_FRAMES.map(downlinkStep)];
}

function uplinkStep(bytes: number): MicroBench {
  return {
    name: `uplink step of ${bytes} B`,
    bytes,
    prepare: () => {
      const uplink = new Uplink(new RelayMemory(() => performance.now()), NO_SOURCE, BOOTSTRAP_BYTES);
      const buffer = atFullPace(uplink);
      randomBytes(bytes).copy(buffer);
      return { run: () => uplink.onBytes(buffer, bytes) };
    },
  };
}

function downlinkStep(stream: (typeof DOWNLINK_FRAMES)[number]): MicroBench {
  return {
    name: `downlink step of ${stream.frames} x ${stream.payloadBytes} B`,
    bytes: stream.frames * stream.payloadBytes,
    prepare: () => {
      const memory = new RelayMemory(() => performance.now());
      const downlink = new Downlink(memory, NO_SOURCE, SILENT, {
        bootstrapBufferBytes: BOOTSTRAP_BYTES,
        maxMessageBytes: Number.MAX_SAFE_INTEGER,
      });
      downlink.ring.open(promptSink(), SHARES.downlink);
      const buffer = atFullPace(new Uplink(memory, NO_SOURCE, BOOTSTRAP_BYTES));
      const length = bytesOf(stream).copy(buffer);
      return { run: () => downlink.onBytes(buffer, length) };
    },
  };
}

/** The read buffer of a direction whose sink has shown that it is fast. */
function atFullPace(uplink: Uplink): Buffer {
  if (!uplink.ring.hasSink) uplink.ring.open(promptSink(), SHARES.uplink);
  let buffer = uplink.readBuffer();
  while (buffer.length < MAX_READ_BYTES) {
    uplink.onBytes(buffer, buffer.length);
    buffer = uplink.readBuffer();
  }
  return buffer;
}

const NO_SOURCE: RingSource = { socket: () => undefined, onException: fail };

const SILENT = { onPing: fail, onCloseFrame: fail, onViolation: fail };

/** A socket that takes every write at once: the slot is free again before the step returns. */
function promptSink(): Socket {
  const sink = {
    cork: () => undefined,
    uncork: () => undefined,
    write: (_bytes: Buffer, done: () => void) => {
      done();
      return true;
    },
  };
  return sink as unknown as Socket;
}

function fail(): never {
  throw new Error('the relay met something that this bench does not send');
}
