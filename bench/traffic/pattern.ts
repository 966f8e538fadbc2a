import { createCipheriv } from 'node:crypto';

/**
 * Bytes after which a stream repeats. A prime, so that no frame, record or buffer size divides it: a piece that is
 * lost, repeated or swapped shifts what follows by something that is no whole period. 256 KiB stay in a core's cache.
 */
export const PERIOD_BYTES = 262_147;

/** Longest piece that can be had without copying, in bytes: one large write. */
export const MAX_VIEW_BYTES = 262_144;

/** Spreads neighbouring seeds over the period; as the period is prime, no two seeds below it share a place. */
const SEED_STRIDE = 40_503;

/** One period of random bytes, continued far enough for the longest view from its last place. */
const BLOCK = randomBlock();

/**
 * The endless stream of bytes of one session. All sessions read the same random block, each from a place of its own, so
 * bytes that are lost, repeated, swapped, damaged or of another session differ from what their position demands.
 * Positions are byte offsets in the stream, from 0.
 */
export class Pattern {
  readonly #block: Buffer;
  readonly #start: number;

  /**
   * @param seed whole number from 0; two seeds below `PERIOD_BYTES` give two streams.
   * @param mask a byte that every byte of the stream is XORed with; 0 (the default) leaves it as it is.
   */
  constructor(seed: number, mask = 0) {
    this.#block = mask === 0 ? BLOCK : maskedBlock(mask);
    this.#start = (seed * SEED_STRIDE) % PERIOD_BYTES;
  }

  /** `length` bytes (at most `MAX_VIEW_BYTES`) from `position`, without a copy: to be read and sent, never written to. */
  view(position: number, length: number): Buffer {
    const from = this.#place(position);
    return this.#block.subarray(from, from + Math.min(length, MAX_VIEW_BYTES));
  }

  /** Puts `length` bytes from `position` into `target` at `start`. */
  write(target: Buffer, start: number, position: number, length: number): void {
    for (let done = 0; done < length; done += MAX_VIEW_BYTES) {
      this.view(position + done, length - done).copy(target, start + done);
    }
  }

  /** Index in `buffer` of the first byte in [start, end) that is not the stream's from `position`; -1 when all are right. */
  check(buffer: Buffer, start: number, end: number, position: number): number {
    for (let at = start; at < end; at += MAX_VIEW_BYTES) {
      const from = this.#place(position + at - start);
      const length = Math.min(end - at, MAX_VIEW_BYTES);
      if (buffer.compare(this.#block, from, from + length, at, at + length) !== 0) {
        return this.#firstWrong(buffer, at, from);
      }
    }
    return -1;
  }

  #firstWrong(buffer: Buffer, start: number, from: number): number {
    let at = start;
    while (buffer[at] === this.#block[from + at - start]) at += 1;
    return at;
  }

  #place(position: number): number {
    return (this.#start + position) % PERIOD_BYTES;
  }
}

/** AES-128 in counter mode over zeros: the same bytes in every process, none of them like the next. */
function randomBlock(): Buffer {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 'traffic'), Buffer.alloc(16));
  const period = cipher.update(Buffer.alloc(PERIOD_BYTES));
  return Buffer.concat([period, period.subarray(0, MAX_VIEW_BYTES)]);
}

function maskedBlock(mask: number): Buffer {
  return Buffer.from(BLOCK.map((byte) => byte ^ mask));
}
