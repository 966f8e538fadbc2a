/** Opcodes of RFC 6455 section 5.2 that a relay meets. */
export const OPCODE = { continuation: 0x0, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

/** Two bytes, the longest length and a mask. */
export const MAX_HEADER_BYTES = 14;

/** Longest payload of a control frame (RFC 6455 section 5.5). */
export const MAX_CONTROL_BYTES = 125;

const FIN = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/**
 * The header of one whole frame.
 * @param mask 0: not masked, as a server sends. Otherwise all four bytes of the key: then every byte of the payload is
 *   masked alike wherever it stands, and a payload can be masked once and sent often.
 */
export function frameHeader(opcode: number, payloadBytes: number, mask: number): Buffer {
  const flag = mask === 0 ? 0 : MASKED;
  const key = mask === 0 ? [] : [mask, mask, mask, mask];
  if (payloadBytes < LENGTH_16) return Buffer.from([FIN | opcode, flag | payloadBytes, ...key]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(payloadBytes));
  const isShort = payloadBytes <= 0xffff;
  const start = Buffer.from([FIN | opcode, flag | (isShort ? LENGTH_16 : LENGTH_64)]);
  return Buffer.concat([start, length.subarray(isShort ? 6 : 0), Buffer.from(key)]);
}

/** What a header says. */
export interface FrameHeader {
  readonly opcode: number;
  readonly payloadBytes: number;
  /** Four bytes, a copy; undefined when the frame is not masked. */
  readonly key: Buffer | undefined;
}

/** Length of a header by its first two bytes. */
export function headerBytes(second: number): number {
  const length = second & ~MASKED;
  return 2 + (length === LENGTH_16 ? 2 : length === LENGTH_64 ? 8 : 0) + ((second & MASKED) === 0 ? 0 : 4);
}

/** Reads a whole header. @throws Error when reserved bits are set. */
export function readHeader(header: Buffer): FrameHeader {
  const first = header.readUInt8(0);
  const second = header.readUInt8(1);
  if ((first & RESERVED) !== 0) throw new Error('a frame has reserved bits set');
  const length = second & ~MASKED;
  return {
    opcode: first & 0x0f,
    payloadBytes:
      length === LENGTH_16
        ? header.readUInt16BE(2)
        : length === LENGTH_64
          ? Number(header.readBigUInt64BE(2))
          : length,
    key: (second & MASKED) === 0 ? undefined : Buffer.from(header.subarray(header.length - 4)),
  };
}
