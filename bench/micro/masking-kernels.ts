import { createRequire } from 'node:module';
import { LinearMemory } from '../../workers/relay/linear-memory.js';
import { Masker } from '../../workers/relay/mask.js';

/** One way to mask payload while it is copied. To add one, add it to the list below. */
export interface MaskKernel {
  readonly name: string;
  /** A Buffer where this kernel finds its bytes. */
  readonly allocate: (bytes: number) => Buffer;
  /** target[i] = source[i] xor key[i & 3], for the whole of `source`. */
  readonly maskCopy: (source: Buffer, key: Buffer, target: Buffer) => void;
}

/** Room for the buffers of all sizes, in bytes. */
const LINEAR_BYTES = 16_777_216;

/** The kernels that run on this machine: what the relay does, in memory of both kinds, then each fall-back alone. */
export function maskKernels(): readonly MaskKernel[] {
  const linear = LinearMemory.create(LINEAR_BYTES);
  const inLinear = linear === undefined ? [] : [relayed('as relayed, WebAssembly', linear)];
  return [
    ...inLinear,
    relayed('as relayed, ordinary memory', undefined),
    ...native(),
    { name: 'JS loop', allocate: ordinary, maskCopy: loop },
  ];
}

/** What the relay does, its choice between kernels included. */
function relayed(name: string, linear: LinearMemory | undefined): MaskKernel {
  const masker = new Masker(linear);
  return {
    name,
    allocate: (bytes) => linear?.allocate(bytes) ?? ordinary(bytes),
    maskCopy: (source, key, target) => {
      masker.useKey(key);
      masker.maskCopy(source, 0, target, 0, source.length);
    },
  };
}

/** bufferutil is optional: nothing where there is no binary for this platform. */
function native(): readonly MaskKernel[] {
  type Mask = (source: Buffer, key: Buffer, target: Buffer, start: number, length: number) => void;
  try {
    const { mask } = createRequire(import.meta.url)('bufferutil') as { mask: Mask };
    const maskCopy: MaskKernel['maskCopy'] = (source, key, target) =>
      mask(source, key, target, 0, source.length);
    return [{ name: 'bufferutil', allocate: ordinary, maskCopy }];
  } catch {
    return [];
  }
}

function ordinary(bytes: number): Buffer {
  return Buffer.alloc(bytes);
}

function loop(source: Buffer, key: Buffer, target: Buffer): void {
  for (let i = 0; i < source.length; i += 1) target[i] = (source[i] as number) ^ (key[i & 3] as number);
}
