import { readTextFile } from './file.js';
import { MAX_SECRET_BYTES } from './secret-values.js';
import { BadValue } from './values.js';

/** A secret from a file of its own. */
export interface SecretFile {
  readonly secret: string;
  /** The file is readable by group or others. */
  readonly isShared: boolean;
}

/**
 * Reads a secret; one line break at the end is dropped, because editors and `echo` add it.
 * @throws BadValue when the file is missing, unreadable, empty, no text or above 10 KiB.
 */
export function readSecretFile(path: string): SecretFile {
  try {
    const { text, isShared } = readTextFile(path, MAX_SECRET_BYTES + 2);
    const secret = text.replace(/\r?\n$/, '');
    if (secret === '') throw new BadValue('is empty');
    return { secret, isShared };
  } catch (error) {
    if (error instanceof BadValue) throw new BadValue(`names a file that ${error.message}`);
    throw error;
  }
}
