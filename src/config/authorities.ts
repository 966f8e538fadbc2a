import { X509Certificate } from 'node:crypto';
import { readTextFile } from './file.js';
import { tampering } from './permissions.js';
import { BadValue, text } from './values.js';

/** Largest file of trusted roots, in bytes; the bundle of all public roots has about 220 KiB. */
const MAX_CA_BYTES = 1_048_576;

/** Content of the PEM file at an absolute path; every certificate in it can be read. */
export function readAuthorities(raw: unknown): string {
  const path = text(raw);
  const pem = read(path);
  const blocks = certificatesIn(pem);
  if (blocks.length === 0) throw new BadValue('names a file without a PEM certificate');
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch {
      throw new BadValue(`names a file whose certificate ${index + 1} cannot be read`);
    }
  }
  return pem;
}

/** The certificates of a PEM text, one block each. */
export function certificatesIn(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
}

function read(path: string): string {
  try {
    const { text: pem, permissions } = readTextFile(path, MAX_CA_BYTES);
    const changeable = tampering(path, permissions);
    if (changeable !== undefined) throw new BadValue(changeable);
    return pem;
  } catch (error) {
    if (error instanceof BadValue) throw new BadValue(`names a file that ${error.message}`);
    throw error;
  }
}
