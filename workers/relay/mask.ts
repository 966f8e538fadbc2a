import { randomFillSync } from 'node:crypto';
import { createRequire } from 'node:module';

type Mask = (source: Buffer, key: Buffer, target: Buffer, targetStart: number, length: number) => void;

/** Below this the call into the addon costs more than the loop (the threshold of the `ws` library). */
const NATIVE_FROM_BYTES = 48;

/** Keys made at a time. RFC 6455 10.3 wants them unpredictable; one system call then serves 2,048 frames. */
const KEY_POOL_BYTES = 8_192;

/**
 * Masks payload while it is copied, so that one pass over the bytes does both (RFC 6455 section 5.3).
 * One instance per thread.
 */
export class Masker {
  readonly #native: Mask | undefined = loadBufferutil();
  readonly #keys = Buffer.allocUnsafeSlow(KEY_POOL_BYTES);
  #nextKey = KEY_POOL_BYTES;
  /** The key of the frame being written. */
  readonly key = Buffer.alloc(4);

  /** Puts a fresh random key into `key`. */
  renewKey(): void {
    if (this.#nextKey === KEY_POOL_BYTES) {
      randomFillSync(this.#keys);
      this.#nextKey = 0;
    }
    this.#keys.copy(this.key, 0, this.#nextKey, this.#nextKey + 4);
    this.#nextKey += 4;
  }

  /** target[targetStart…] = source[sourceStart…] xor key, for `length` bytes. The two may be the same memory. */
  maskCopy(source: Buffer, sourceStart: number, target: Buffer, targetStart: number, length: number): void {
    const { key } = this;
    if (length >= NATIVE_FROM_BYTES && this.#native !== undefined) {
      const from = sourceStart === 0 ? source : source.subarray(sourceStart, sourceStart + length);
      this.#native(from, key, target, targetStart, length);
      return;
    }
    for (let i = 0; i < length; i += 1) {
      target[targetStart + i] = (source[sourceStart + i] as number) ^ (key[i & 3] as number);
    }
  }
}

/** bufferutil is optional: without a binary for this platform everything works, only slower. */
function loadBufferutil(): Mask | undefined {
  try {
    return (createRequire(import.meta.url)('bufferutil') as { mask: Mask }).mask;
  } catch {
    return undefined;
  }
}
