import { seededBytes } from '../helpers/seeded-stream.js';

/** The largest message of any case, in bytes. */
const MOST_BYTES = 16 * 1_048_576;

/** Printable, so that it is text wherever it is cut. */
const FIRST_CHARACTER = 0x21;
const CHARACTERS = 0x5d;

let binaryStream: Buffer | undefined;
let textStream: Buffer | undefined;

/** The first `length` bytes of one stream without repetition: a byte in the wrong place is seen. */
export function binaryPayload(length: number): Buffer {
  binaryStream ??= seededBytes(9, MOST_BYTES);
  return binaryStream.subarray(0, length);
}

/** The same as text of one byte a character. */
export function textPayload(length: number): Buffer {
  textStream ??= binaryPayload(MOST_BYTES).map((byte) => FIRST_CHARACTER + (byte % CHARACTERS)) as Buffer;
  return textStream.subarray(0, length);
}
