import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The committed inputs, seen from dist/test/fuzz. */
const FOLDER = fileURLToPath(new URL('../../../test/fuzz/corpus/', import.meta.url));

export interface CorpusFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The committed inputs of a target. */
export function corpusOf(target: string): CorpusFile[] {
  const folder = path.join(FOLDER, target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => ({ name, bytes: readFileSync(path.join(folder, name)) }));
}

/** Writes an input that broke something; gives the name of its file, which has the seed that found it. */
export function keep(target: string, bytes: Buffer, seed: number): string {
  const folder = path.join(FOLDER, target);
  mkdirSync(folder, { recursive: true });
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  const file = path.join(folder, `crash-${digest}-seed-${seed}`);
  writeFileSync(file, bytes);
  return path.relative(path.join(FOLDER, '..', '..', '..'), file);
}
