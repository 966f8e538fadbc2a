import { randomBytes } from 'node:crypto';
import { OPCODE, writeHeader } from '../../workers/relay/frame-header.js';
import { FrameReader, type FrameHandler } from '../../workers/relay/frame-reader.js';
import type { MicroBench } from './harness/micro-bench.js';

/** Payload of one frame: one for each form of its length, and the largest of the uplink. */
const FRAME_BYTES = [64, 1_024, 16_376, 65_536] as const;

/** One read of a flowing session. */
const READ_BYTES = 65_536;

/** What Ethernet leaves to TCP of a packet, without options. */
const SEGMENT_BYTES = 1_460;

/** Stream that is read byte by byte: 1/32 of a read, because that is slow. */
const SMALL_READ_BYTES = 2_048;

/** Writing a header, and reading frames by their size and by how the stream is cut. */
export function frameBenches(): readonly MicroBench[] {
  return [
    ...FRAME_BYTES.map(header),
    ...FRAME_BYTES.map((bytes) => reading(`64 KiB of ${bytes} B frames`, serverFrames(bytes, READ_BYTES))),
    ...FRAME_BYTES.map((bytes) =>
      reading(`64 KiB of ${bytes} B frames in segments`, serverFrames(bytes, READ_BYTES), SEGMENT_BYTES),
    ),
    reading('2 KiB of 64 B frames in single bytes', serverFrames(64, SMALL_READ_BYTES), 1),
  ];
}

function header(payloadBytes: number): MicroBench {
  return {
    name: `header of a ${payloadBytes} B frame`,
    prepare: () => {
      const target = Buffer.alloc(16);
      const key = randomBytes(4);
      return { run: () => writeHeader(target, 0, OPCODE.binary, payloadBytes, key) };
    },
  };
}

interface Stream {
  readonly frames: number;
  readonly payloadBytes: number;
}

/** Reads the stream in pushes of `cutBytes`; in one push by default. */
function reading(name: string, stream: Stream, cutBytes = Infinity): MicroBench {
  return {
    name: `read ${name}`,
    prepare: () => {
      const bytes = bytesOf(stream);
      const handler = new Counter();
      const reader = new FrameReader(handler, Number.MAX_SAFE_INTEGER);
      const run = (): number => {
        for (let start = 0; start < bytes.length; start += cutBytes) {
          reader.push(bytes, start, Math.min(bytes.length, start + cutBytes));
        }
        return handler.payloadBytes;
      };
      return { run };
    },
  };
}

/** Takes payload without touching it: the reader alone is measured, and as it moves no byte, there is no GiB/s. */
class Counter implements FrameHandler {
  payloadBytes = 0;

  onPayload(_buffer: Buffer, start: number, end: number): void {
    this.payloadBytes += end - start;
  }

  onPing(): undefined {
    return undefined;
  }

  onClose(): void {
    throw new Error('the stream has no close frame');
  }
}

/** Whole frames of one size, as many as fit into `streamBytes`; at least one. */
function serverFrames(payloadBytes: number, streamBytes: number): Stream {
  const frameBytes = payloadBytes + headerOf(payloadBytes).length;
  return { frames: Math.max(1, Math.floor(streamBytes / frameBytes)), payloadBytes };
}

/** The stream as the cloud sends it: unmasked. Also the downlink's input. */
export function bytesOf({ frames, payloadBytes }: Stream): Buffer {
  const frame = Buffer.concat([headerOf(payloadBytes), randomBytes(payloadBytes)]);
  return Buffer.concat(Array.from({ length: frames }, () => frame));
}

/** RFC 6455 section 5.2, written apart from the relay's own code, which knows masked frames only. */
function headerOf(payloadBytes: number): Buffer {
  if (payloadBytes < 126) return Buffer.from([0x82, payloadBytes]);
  const header = Buffer.alloc(payloadBytes < 65_536 ? 4 : 10);
  header[0] = 0x82;
  header[1] = payloadBytes < 65_536 ? 126 : 127;
  if (payloadBytes < 65_536) header.writeUInt16BE(payloadBytes, 2);
  else header.writeBigUInt64BE(BigInt(payloadBytes), 2);
  return header;
}
