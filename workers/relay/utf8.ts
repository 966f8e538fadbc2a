import { isUtf8 } from 'node:buffer';
import { createRequire } from 'node:module';

/** Whether `bytes` are whole UTF-8 text. */
export const isValidUtf8 = loadUtf8Validate();

/** Pieces below this are walked: the call into the validator would cost more. */
const NATIVE_FROM_BYTES = 64;

const FIRST_CONTINUATION = 0x80;
const LAST_CONTINUATION = 0xbf;

/**
 * Checks text that comes in pieces, cut anywhere, and knows the first wrong byte as soon as it comes. It remembers what
 * the next byte may be and nothing else (RFC 3629 section 4: no surrogates, nothing above U+10FFFF, no longer form than
 * needed).
 */
export class Utf8Check {
  /** Continuation bytes that the character begun still needs, and the range of the next one. */
  #missing = 0;
  #low = FIRST_CONTINUATION;
  #high = LAST_CONTINUATION;

  /** The text may end here: no character is cut. */
  get isComplete(): boolean {
    return this.#missing === 0;
  }

  /** Takes the next piece and returns the index of its first byte that no text has there; `end` when there is none. */
  push(buffer: Buffer, start: number, end: number): number {
    const isLarge = end - start >= NATIVE_FROM_BYTES;
    if (isLarge && this.isComplete && isValidUtf8(buffer.subarray(start, end))) return end;
    let at = start;
    while (at < end && this.#take(buffer[at] as number)) at += 1;
    return at;
  }

  #take(byte: number): boolean {
    if (this.#missing > 0) {
      if (byte < this.#low || byte > this.#high) return false;
      this.#missing -= 1;
    } else {
      const missing = continuationBytes(byte);
      if (missing === undefined) return false;
      this.#missing = missing;
    }
    this.#low = LOWEST_SECOND[byte] ?? FIRST_CONTINUATION;
    this.#high = HIGHEST_SECOND[byte] ?? LAST_CONTINUATION;
    return true;
  }
}

/** Bytes that follow the first one of a character; undefined when no character begins with it. */
function continuationBytes(first: number): number | undefined {
  if (first < 0x80) return 0;
  if (first < 0xc2) return undefined;
  if (first < 0xe0) return 1;
  if (first < 0xf0) return 2;
  return first < 0xf5 ? 3 : undefined;
}

/** First bytes behind which a lower second byte would be a longer form than needed. */
const LOWEST_SECOND: Readonly<Record<number, number>> = { 0xe0: 0xa0, 0xf0: 0x90 };

/** First bytes behind which a higher second byte would be a surrogate, or above U+10FFFF. */
const HIGHEST_SECOND: Readonly<Record<number, number>> = { 0xed: 0x9f, 0xf4: 0x8f };

/** utf-8-validate is optional; Node's own check is the fall-back. */
function loadUtf8Validate(): (bytes: Buffer) => boolean {
  try {
    return createRequire(import.meta.url)('utf-8-validate') as (bytes: Buffer) => boolean;
  } catch {
    return isUtf8;
  }
}
