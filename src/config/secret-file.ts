import { readTextFile } from './file.js';
import { exposure } from './permissions.js';
import { MAX_SECRET_BYTES } from './secret-values.js';
import { BadValue } from './values.js';

/**
 * Reads a secret; one line break at the end is dropped, because editors and `echo` add it.
 * @throws BadValue when the file is missing, unreadable, empty, no text, above 10 KiB, or open to other users.
 */
export function readSecretFile(path: string): string {
  try {
    const { text, permissions } = readTextFile(path, MAX_SECRET_BYTES + 2);
    const exposed = exposure(path, permissions);
    if (exposed !== undefined) throw new BadValue(exposed);
    const secret = text.replace(/\r?\n$/, '');
    if (secret === '') throw new BadValue('is empty');
    return secret;
  } catch (error) {
    if (error instanceof BadValue) throw new BadValue(`names a file that ${error.message}`);
    throw error;
  }
}
