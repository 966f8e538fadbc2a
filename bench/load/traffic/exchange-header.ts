/*
 * The traffic protocol, the same in every mode. Over the byte stream of a tunnel the cloud's end sends requests, and
 * the target answers each in order:
 *
 *     cloud end  --- header (24) | requestBytes of pattern --->  target end     verifies every byte
 *     cloud end  <-- header (24) | responseBytes of pattern ---  target end     verified by the cloud end
 *
 * Header, little endian: magic u32 | requestBytes u32 | responseBytes u32 | seed u32 | position u64. The position is
 * that of the payload's first byte in the pattern of its direction, so loss, repetition and mix-ups show as well.
 */

/** Bytes of every header. */
export const HEADER_BYTES = 24;

/** Largest payload either way, in bytes: sixteen of the largest that a profile asks for. */
export const MAX_PAYLOAD_BYTES = 16 * 1_048_576;

/** `fault` comes from the target, with the position where the request was wrong; it is the last thing it says. */
export type HeaderKind = 'request' | 'answer' | 'fault';

export interface ExchangeHeader {
  readonly kind: HeaderKind;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Names the session and its patterns. */
  readonly seed: number;
  readonly position: number;
}

/** "GLrq", "GLan" and "GLft" on the wire. */
const MAGIC: Readonly<Record<HeaderKind, number>> = {
  request: 0x7172_4c47,
  answer: 0x6e61_4c47,
  fault: 0x7466_4c47,
};

const KINDS = new Map(Object.entries(MAGIC).map(([kind, magic]) => [magic, kind as HeaderKind]));

/** Writes a header at `offset`. */
export function writeHeader(target: Buffer, offset: number, header: ExchangeHeader): void {
  target.writeUInt32LE(MAGIC[header.kind], offset);
  target.writeUInt32LE(header.requestBytes, offset + 4);
  target.writeUInt32LE(header.responseBytes, offset + 8);
  target.writeUInt32LE(header.seed, offset + 12);
  target.writeUInt32LE(header.position % 4_294_967_296, offset + 16);
  target.writeUInt32LE(Math.floor(header.position / 4_294_967_296), offset + 20);
}

/** Reads a header; undefined when these bytes are none. */
export function readHeader(source: Buffer, offset: number): ExchangeHeader | undefined {
  const kind = KINDS.get(source.readUInt32LE(offset));
  const requestBytes = source.readUInt32LE(offset + 4);
  const responseBytes = source.readUInt32LE(offset + 8);
  const high = source.readUInt32LE(offset + 20);
  if (kind === undefined || requestBytes > MAX_PAYLOAD_BYTES || responseBytes > MAX_PAYLOAD_BYTES)
    return undefined;
  const position = high * 4_294_967_296 + source.readUInt32LE(offset + 16);
  if (!Number.isSafeInteger(position)) return undefined;
  return { kind, requestBytes, responseBytes, seed: source.readUInt32LE(offset + 12), position };
}

/** Seeds beyond this repeat patterns (the pattern's period is a prime just above it). */
const MAX_SEED = 262_144;

/** Seed of the session with this number: an even one, because its neighbour is that of the answers. */
export function sessionSeed(number: number): number {
  return (number * 2) % MAX_SEED;
}

/** Seed of the pattern from the target to the cloud; that of the other direction is the session's own. */
export function answerSeed(seed: number): number {
  return seed + 1;
}
