import { randomFillSync } from 'node:crypto';
import { createRequire } from 'node:module';
import type { LinearMemory } from './linear-memory.js';

type NativeMask = (source: Buffer, key: Buffer, target: Buffer, targetStart: number, length: number) => void;

/** Below this the call into the addon costs more than the loop (the threshold of the `ws` library). */
const NATIVE_FROM_BYTES = 48;

/** Keys made at a time. RFC 6455 10.3 wants them unpredictable; one system call then serves 2,048 frames. */
const KEY_POOL_BYTES = 8_192;

/**
 * Masks payload while it is copied, so that one pass over the bytes does both (RFC 6455 section 5.3): by the
 * WebAssembly kernel where both ends lie in its memory, else by bufferutil, else by a loop. One instance per thread.
 */
export class Masker {
  readonly #native: NativeMask | undefined = loadBufferutil();
  readonly #keys = Buffer.allocUnsafeSlow(KEY_POOL_BYTES);
  #nextKey = KEY_POOL_BYTES;
  #keyWord = 0;
  /** The key of the frame being written. */
  readonly key = Buffer.alloc(4);

  constructor(private readonly linear?: LinearMemory) {}

  /** Puts a fresh random key into `key`. */
  renewKey(): void {
    if (this.#nextKey === KEY_POOL_BYTES) {
      randomFillSync(this.#keys);
      this.#nextKey = 0;
    }
    this.#setKey(this.#keys.readInt32LE(this.#nextKey));
    this.#nextKey += 4;
  }

  /** Takes a given key, to compare kernels; a frame on the wire needs a fresh one. */
  useKey(key: Buffer): void {
    this.#setKey(key.readInt32LE(0));
  }

  #setKey(word: number): void {
    this.#keyWord = word;
    this.key.writeInt32LE(word, 0);
  }

  /**
   * Copies without masking. `Buffer.copy` makes a typed array for each part of a buffer, the kernel makes nothing.
   * @throws RangeError as maskCopy does.
   */
  copy(source: Buffer, sourceStart: number, target: Buffer, targetStart: number, length: number): void {
    checkRoom(source, sourceStart, target, targetStart, length);
    if (this.#isLinear(source, target)) {
      this.linear?.maskCopy(source, sourceStart, target, targetStart, length, NO_KEY);
    } else {
      source.copy(target, targetStart, sourceStart, sourceStart + length);
    }
  }

  #isLinear(source: Buffer, target: Buffer): boolean {
    return this.linear !== undefined && this.linear.has(source) && this.linear.has(target);
  }

  /**
   * target[targetStart…] = source[sourceStart…] xor key, for `length` bytes. The two may be the same memory.
   * @throws RangeError when either is too short: the kernel and the addon would write into the next slot.
   */
  maskCopy(source: Buffer, sourceStart: number, target: Buffer, targetStart: number, length: number): void {
    checkRoom(source, sourceStart, target, targetStart, length);
    if (this.#isLinear(source, target)) {
      this.linear?.maskCopy(source, sourceStart, target, targetStart, length, this.#keyWord);
    } else if (length >= NATIVE_FROM_BYTES && this.#native !== undefined) {
      const from = sourceStart === 0 ? source : source.subarray(sourceStart, sourceStart + length);
      this.#native(from, this.key, target, targetStart, length);
    } else {
      maskByLoop(source, sourceStart, target, targetStart, length, this.key);
    }
  }
}

/** The key that changes nothing. */
const NO_KEY = 0;

function checkRoom(
  source: Buffer,
  sourceStart: number,
  target: Buffer,
  targetStart: number,
  length: number,
): void {
  if (sourceStart + length <= source.length && targetStart + length <= target.length) return;
  throw new RangeError(`${length} bytes do not fit between ${source.length} and ${target.length}`);
}

function maskByLoop(
  source: Buffer,
  sourceStart: number,
  target: Buffer,
  targetStart: number,
  length: number,
  key: Buffer,
): void {
  for (let i = 0; i < length; i += 1) {
    target[targetStart + i] = (source[sourceStart + i] as number) ^ (key[i & 3] as number);
  }
}

/** bufferutil is optional: without a binary for this platform everything works, only slower. */
function loadBufferutil(): NativeMask | undefined {
  try {
    return (createRequire(import.meta.url)('bufferutil') as { mask: NativeMask }).mask;
  } catch {
    return undefined;
  }
}
