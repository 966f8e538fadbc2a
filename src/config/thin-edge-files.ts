import { createPrivateKey, X509Certificate } from 'node:crypto';
import { Secret } from '../../contract/secret.js';
import { certificatesIn } from './authorities.js';
import { readTextFile } from './file.js';
import { exposure, tampering } from './permissions.js';
import { BadValue, text } from './values.js';

/** Largest file of a certificate chain or a key, in bytes; a chain of four with long keys has about 10 KiB. */
const MAX_PEM_BYTES = 65_536;

/** Content of a PEM file with a certificate or a chain. @throws BadValue */
export function readCertificates(raw: unknown): string {
  return named(() => {
    const path = text(raw);
    const { text: pem, permissions } = readTextFile(path, MAX_PEM_BYTES);
    const changeable = tampering(path, permissions);
    if (changeable !== undefined) throw new BadValue(changeable);
    const [first] = certificatesIn(pem);
    if (first === undefined) throw new BadValue('holds no PEM certificate');
    certificate(first);
    return pem;
  });
}

/** Content of a PEM file with a private key that nobody else can read. @throws BadValue */
export function readPrivateKey(raw: unknown): Secret {
  return named(() => {
    const path = text(raw);
    const { text: pem, permissions } = readTextFile(path, MAX_PEM_BYTES);
    const exposed = exposure(path, permissions);
    if (exposed !== undefined) throw new BadValue(exposed);
    try {
      createPrivateKey(pem);
    } catch {
      // The library's message may quote the key.
      throw new BadValue('holds no private key without a passphrase (PEM)');
    }
    return new Secret(pem);
  });
}

/** The common name of the first certificate in a PEM file; undefined when there is no such thing. */
export function commonName(path: string): string | undefined {
  try {
    const [first] = certificatesIn(readTextFile(path, MAX_PEM_BYTES).text);
    return first === undefined ? undefined : /^CN=(.+)$/m.exec(certificate(first).subject)?.[1];
  } catch (error) {
    if (error instanceof BadValue) return undefined;
    throw error;
  }
}

function certificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new BadValue('holds a certificate that cannot be read');
  }
}

function named<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof BadValue) throw new BadValue(`names a file that ${error.message}`);
    throw error;
  }
}
