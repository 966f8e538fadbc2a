import { constants } from 'node:fs';
import { open, stat as look } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { planting, tampering } from '../config/permissions.js';
import { MAX_SWITCH_BYTES, off, readingOf, type SwitchReading } from './switch-value.js';

/** Opening a FIFO or a device must wait for nobody. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Time between the emptying of a file and the write behind it, in ms; far more than a shell needs. */
const WRITING_MS = 50;

/**
 * Reads a switch file once. Never rejects: whatever is wrong with it is off. It may take as long as its file system
 * does; the caller keeps the time.
 */
export async function readSwitchFile(file: string): Promise<SwitchReading> {
  try {
    const content = await contentOf(file);
    if (!(content instanceof Uint8Array)) return content;
    if (content.length > 0) return readingOf(content);
    // `echo on >` empties a file before it writes: whoever says on once more must not end what runs.
    await setTimeout(WRITING_MS);
    const again = await contentOf(file);
    return again instanceof Uint8Array ? readingOf(again) : again;
  } catch (error) {
    return off(sentenceOf(error));
  }
}

/** What it holds, or why that is off. @throws Error of the file system. */
async function contentOf(file: string): Promise<Uint8Array | SwitchReading> {
  const handle = await open(file, FLAGS);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) return off('is no regular file');
    const changeable = tampering(file, { mode: stat.mode, owner: stat.uid });
    if (changeable !== undefined) return off(`is one that ${changeable}`);
    const folder = path.dirname(file);
    const { mode, uid: owner } = await look(folder);
    const planted = planting(stat.uid, { path: folder, mode, owner });
    if (planted !== undefined) return off(planted);
    const buffer = new Uint8Array(MAX_SWITCH_BYTES + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function sentenceOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  if (code === 'ENOENT') return 'is not there';
  if (code === 'EACCES') return 'may not be read by the agent (EACCES)';
  return `cannot be read (${code})`;
}
