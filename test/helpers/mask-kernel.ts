import { readFile } from 'node:fs/promises';
import path from 'node:path';
import wabt from 'wabt';

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** The assembled kernel, as a TypeScript module. */
export const KERNEL_MODULE = path.join(ROOT, 'workers/relay/mask-kernel.ts');

/** Assembles workers/relay/mask.wat and gives the text that KERNEL_MODULE must have. */
export async function assembleKernel(): Promise<string> {
  const source = await readFile(path.join(ROOT, 'workers/relay/mask.wat'), 'utf8');
  const assembler = await wabt();
  const parsed = assembler.parseWat('mask.wat', source, { simd: true });
  const base64 = Buffer.from(parsed.toBinary({}).buffer).toString('base64');
  const lines = base64.match(/.{1,100}/g) ?? [];
  return [
    '// Assembled from mask.wat by `npm run build:kernel`; not edited by hand.',
    'export const MASK_KERNEL_BASE64 = [',
    ...lines.map((line) => `  '${line}',`),
    "].join('');",
    '',
  ].join('\n');
}
