import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Permissions } from './permissions.js';
import { BadValue } from './values.js';

/** Text of a file with what its mode says about who else can read it. */
export interface TextFile {
  readonly text: string;
  readonly permissions: Permissions;
}

/**
 * A whole file of at most `maxBytes` of UTF-8. Only regular files: opening is non-blocking, so that a FIFO cannot hang
 * the start, and no more than `maxBytes` are read whatever the file claims to hold.
 * @throws BadValue with a sentence for a person that begins with a verb (`is a directory`).
 */
export function readTextFile(path: string, maxBytes: number): TextFile {
  const descriptor = open(path);
  try {
    const stat = fstatSync(descriptor);
    if (stat.isDirectory()) throw new BadValue('is a directory');
    if (!stat.isFile()) throw new BadValue('is not a regular file');
    const permissions = { mode: stat.mode & 0o7777, owner: stat.uid, group: stat.gid };
    return { text: asText(readAll(descriptor, maxBytes)), permissions };
  } finally {
    closeSync(descriptor);
  }
}

/** Whether opening failed because there is nothing at that path. */
export class FileMissing extends BadValue {}

function open(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    switch (code) {
      case 'ENOENT':
      case 'ENOTDIR':
        throw new FileMissing('does not exist');
      case 'EACCES':
      case 'EPERM':
        throw new BadValue('is not readable for this user');
      case 'ELOOP':
        throw new BadValue('is a loop of symbolic links');
      default:
        throw new BadValue(`cannot be opened (${code})`);
    }
  }
}

function readAll(descriptor: number, maxBytes: number): Buffer {
  const bytes = Buffer.alloc(maxBytes + 1);
  let length = 0;
  for (;;) {
    const count = readSync(descriptor, bytes, length, bytes.length - length, null);
    if (count === 0) return bytes.subarray(0, length);
    length += count;
    if (length > maxBytes) throw new BadValue(`is larger than ${maxBytes} bytes`);
  }
}

function asText(bytes: Buffer): string {
  if (bytes.includes(0)) throw new BadValue('holds a NUL byte, so it is no text file');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new BadValue('is not UTF-8');
  }
}
