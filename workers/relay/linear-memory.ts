import { MASK_KERNEL_BASE64 } from './mask-kernel.js';

/** A page of WebAssembly memory, in bytes. */
const PAGE_BYTES = 65_536;

/** Start of every allocation: a cache line, which is also what the kernel masks at a time. */
const ALIGN_BYTES = 64;

type MaskKernel = (source: number, target: number, length: number, key: number) => void;

/**
 * Memory that the masking kernel (mask.wat) can reach, handed out as ordinary Buffers and never taken back. It does not
 * grow: that would detach every Buffer on it. The system provides a page when it is first written, so what is not used
 * costs nothing.
 */
export class LinearMemory {
  readonly #kernel: MaskKernel;
  readonly #memory: ArrayBuffer;
  #allocatedBytes = 0;

  private constructor(kernel: MaskKernel, memory: ArrayBuffer) {
    this.#kernel = kernel;
    this.#memory = memory;
  }

  /** Undefined where WebAssembly or its SIMD instructions are missing (some 32-bit processors, `--jitless`). */
  static create(bytes: number): LinearMemory | undefined {
    const pages = Math.ceil(bytes / PAGE_BYTES);
    try {
      const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
      const module = new WebAssembly.Module(Buffer.from(MASK_KERNEL_BASE64, 'base64'));
      const { mask } = new WebAssembly.Instance(module, { relay: { memory } }).exports;
      return mask === undefined ? undefined : new LinearMemory(mask, memory.buffer);
    } catch {
      return undefined;
    }
  }

  /** The next `bytes` bytes; undefined when there is no room for them. */
  allocate(bytes: number): Buffer | undefined {
    if (this.#allocatedBytes + bytes > this.#memory.byteLength) return undefined;
    const buffer = Buffer.from(this.#memory, this.#allocatedBytes, bytes);
    this.#allocatedBytes = Math.ceil((this.#allocatedBytes + bytes) / ALIGN_BYTES) * ALIGN_BYTES;
    return buffer;
  }

  has(buffer: Buffer): boolean {
    return buffer.buffer === this.#memory;
  }

  /** target[targetStart…] = source[sourceStart…] xor key, for Buffers of this memory; the caller has checked the sizes. */
  maskCopy(
    source: Buffer,
    sourceStart: number,
    target: Buffer,
    targetStart: number,
    length: number,
    key: number,
  ): void {
    this.#kernel(source.byteOffset + sourceStart, target.byteOffset + targetStart, length, key);
  }
}
