import { createCipheriv, createHash } from 'node:crypto';
import { seeded } from './random.js';

/**
 * An endless stream of bytes that its seed determines: AES-128 in counter mode over zeros, so no two places of a stream
 * and no two streams look alike, and a byte in the wrong place or of the wrong session never passes for the right one.
 */
export class SeededBytes {
  readonly #cipher;
  readonly #hash = createHash('sha256');
  /** Bytes given so far. */
  bytes = 0;

  constructor(seed: string) {
    const key = createHash('sha256').update(seed).digest().subarray(0, 16);
    this.#cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  }

  next(length: number): Buffer {
    const bytes = this.#cipher.update(Buffer.alloc(length));
    this.bytes += length;
    this.#hash.update(bytes);
    return bytes;
  }

  /** SHA-256 of all that was given. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}

/** Takes what arrives and holds it against the stream of a seed. */
export class SeededCheck {
  readonly #expected: SeededBytes;
  readonly #hash = createHash('sha256');
  /** Bytes taken so far. */
  bytes = 0;
  /** Offset of the chunk that had the first wrong byte; undefined as long as all were right. */
  wrongAt: number | undefined;

  constructor(readonly seed: string) {
    this.#expected = new SeededBytes(seed);
  }

  readonly take = (chunk: Buffer): void => {
    if (!this.#expected.next(chunk.length).equals(chunk)) this.wrongAt ??= this.bytes;
    this.bytes += chunk.length;
    this.#hash.update(chunk);
  };

  /** SHA-256 of all that was taken. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}

/** Numbers in [0, 1) that the seed determines: what is random in a test can be had again. */
export function randomNumbers(seed: string): () => number {
  return seeded(createHash('sha256').update(seed).digest().readUInt32LE(0));
}
