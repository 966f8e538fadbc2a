/** RFC 6455 section 5.2. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const FIN = 0x80;
const MASKED = 0x80;

/** Header of a masked frame with up to 125, 65,535 and more payload bytes: 2 + 0/2/8 + 4 for the key. */
export function headerBytes(payloadBytes: number): number {
  if (payloadBytes < 126) return 6;
  return payloadBytes < 65_536 ? 8 : 14;
}

/** Writes the header of one whole, masked frame at `start` and returns where its payload begins. */
export function writeHeader(
  target: Buffer,
  start: number,
  opcode: number,
  payloadBytes: number,
  key: Buffer,
): number {
  let end = start + 2;
  target[start] = FIN | opcode;
  if (payloadBytes < 126) {
    target[start + 1] = MASKED | payloadBytes;
  } else if (payloadBytes < 65_536) {
    target[start + 1] = MASKED | 126;
    end = target.writeUInt16BE(payloadBytes, end);
  } else {
    target[start + 1] = MASKED | 127;
    end = target.writeUInt32BE(Math.floor(payloadBytes / 2 ** 32), end);
    end = target.writeUInt32BE(payloadBytes >>> 0, end);
  }
  target[end] = key[0] as number;
  target[end + 1] = key[1] as number;
  target[end + 2] = key[2] as number;
  target[end + 3] = key[3] as number;
  return end + 4;
}
