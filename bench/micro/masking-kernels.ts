import { createRequire } from 'node:module';
import { Masker } from '../../workers/relay/mask.js';

/** One way to mask payload while it is copied. To add one, add it to the list below. */
export interface MaskKernel {
  readonly name: string;
  /** target[i] = source[i] xor key[i & 3], for the whole of `source`. */
  readonly maskCopy: (source: Buffer, key: Buffer, target: Buffer) => void;
}

/** The kernels that run on this machine: what the relay picks by itself first, then each one alone. */
export function maskKernels(): readonly MaskKernel[] {
  return [relayed(), ...native(), { name: 'JS loop', maskCopy: loop }];
}

/** What the relay does, its choice between kernels included. */
function relayed(): MaskKernel {
  const masker = new Masker();
  return {
    name: 'as relayed',
    maskCopy: (source, key, target) => {
      key.copy(masker.key);
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
    return [{ name: 'bufferutil', maskCopy }];
  } catch {
    return [];
  }
}

function loop(source: Buffer, key: Buffer, target: Buffer): void {
  for (let i = 0; i < source.length; i += 1) target[i] = (source[i] as number) ^ (key[i & 3] as number);
}
