import { stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { linesOf } from './log-reader.js';
import { Verification, type Anchor, type Verdict } from './verification.js';

/** A log that ends within a line is read again: the agent may be writing it. */
const ATTEMPTS = 3;
const AGAIN_MS = 300;

export interface VerifyOptions {
  /** In the order of their records. */
  readonly files: readonly string[];
  readonly anchors: readonly Anchor[];
  /** Bytes read so far, of how many. */
  readonly onProgress?: ((bytes: number, ofBytes: number) => void) | undefined;
}

/** Goes through the files of a log as one chain. @throws Error with an errno when one cannot be read. */
export async function verifyFiles(options: VerifyOptions): Promise<Verdict> {
  for (let attempt = 1; ; attempt += 1) {
    const verdict = await verifyOnce(options);
    const isEnd = verdict.fault?.kind === 'unfinished' && verdict.fault.file === options.files.at(-1);
    if (!isEnd || attempt === ATTEMPTS) return verdict;
    await pause(AGAIN_MS);
  }
}

async function verifyOnce({ files, anchors, onProgress }: VerifyOptions): Promise<Verdict> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const ofBytes = sizes.reduce((sum, size) => sum + size, 0);
  const verification = new Verification(anchors);
  let before = 0;
  for (const [index, file] of files.entries()) {
    verification.beginFile(file);
    const start = before;
    for await (const line of linesOf(file, (bytes) => onProgress?.(start + bytes, ofBytes))) {
      verification.take(line);
      if (verification.fault !== undefined) return verification.end();
    }
    before += sizes[index] ?? 0;
  }
  return verification.end();
}
