import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { Downlink } from '../../workers/relay/downlink.js';
import { RelayMemory } from '../../workers/relay/memory.js';
import type { RingSource } from '../../workers/relay/ring.js';
import { Uplink } from '../../workers/relay/uplink.js';
import { bytesOf } from './frames.js';
import type { MicroBench } from './harness/micro-bench.js';

/** Bytes of one read: a keystroke, a small answer, one frame, a full read. */
const READ_BYTES = [16, 1_024, 16_376, 65_536] as const;

/** Frames from the cloud in one read of about 64 KiB. */
const DOWNLINK_FRAMES = [
  { frames: 992, payloadBytes: 64 },
  { frames: 4, payloadBytes: 16_376 },
] as const;

/** `limits.buffer` and `limits.bootstrapBuffer` as they are by default. */
const BUFFER_BYTES = 262_144;
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
      const uplink = new Uplink(new RelayMemory(), NO_SOURCE, BOOTSTRAP_BYTES);
      uplink.ring.open(promptSink(), BUFFER_BYTES);
      const buffer = uplink.readBuffer();
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
      const downlink = new Downlink(new RelayMemory(), NO_SOURCE, SILENT, {
        bootstrapBufferBytes: BOOTSTRAP_BYTES,
        maxMessageBytes: Number.MAX_SAFE_INTEGER,
      });
      downlink.ring.open(promptSink(), BUFFER_BYTES);
      const buffer = downlink.readBuffer();
      const length = bytesOf(stream).copy(buffer);
      return { run: () => downlink.onBytes(buffer, length) };
    },
  };
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
