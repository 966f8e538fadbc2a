import { randomBytes, randomFillSync } from 'node:crypto';
import type { MicroBench } from './harness/micro-bench.js';
import { maskKernels, type MaskKernel } from './masking-kernels.js';

/** A keystroke, a small answer, a segment, the largest frame of the uplink, a full read. */
export const MASK_BYTES = [16, 64, 1_024, 16_376, 65_536] as const;

/** Masking while copying, by kernel and size. */
export function maskingBenches(): readonly MicroBench[] {
  return maskKernels().flatMap((kernel) => MASK_BYTES.map((bytes) => masking(kernel, bytes)));
}

function masking({ name, allocate, maskCopy }: MaskKernel, bytes: number): MicroBench {
  return {
    name: `mask ${bytes} B, ${name}`,
    bytes,
    prepare: () => {
      const source = allocate(bytes);
      randomFillSync(source);
      const key = randomBytes(4);
      const target = allocate(bytes);
      return { run: () => maskCopy(source, key, target) };
    },
  };
}
