import { X509Certificate, createPrivateKey, type KeyObject } from 'node:crypto';
import tls from 'node:tls';
import { TLS_SECURITY_LEVEL } from '../../contract/limits.js';
import { Secret } from '../../contract/secret.js';
import { certificatesIn } from './authorities.js';
import { readTextFile } from './file.js';
import { exposure, tampering } from './permissions.js';
import { BadValue, text } from './values.js';

/** Largest certificate with its chain, or key, in bytes; four certificates of RSA 4096 have about 9 KiB. */
const MAX_PEM_BYTES = 65_536;

/** Content of cloud.certFile. */
export interface CertificateFile {
  readonly path: string;
  /** The device's certificate, and behind it those between it and its root; PEM. */
  readonly chain: string;
  readonly leaf: X509Certificate;
}

/** Content of cloud.keyFile. */
export interface KeyFile {
  readonly path: string;
  /** PEM, without passphrase. */
  readonly pem: Secret;
  readonly key: KeyObject;
}

/** The device certificate at an absolute path. @throws BadValue */
export function readCertificate(raw: unknown): CertificateFile {
  const path = text(raw);
  return aboutFile(() => {
    const { text: pem, permissions } = readTextFile(path, MAX_PEM_BYTES);
    const changeable = tampering(path, permissions);
    if (changeable !== undefined) throw new BadValue(changeable);
    const blocks = certificatesIn(pem);
    if (blocks.length === 0) throw new BadValue('holds no PEM certificate (-----BEGIN CERTIFICATE-----)');
    const [leaf] = blocks.map((block, index) => certificate(block, index));
    if (leaf === undefined) throw new BadValue('holds no PEM certificate');
    return { path, chain: `${blocks.join('\n')}\n`, leaf };
  });
}

/** The private key at an absolute path, which nobody but its owner may read. @throws BadValue */
export function readKey(raw: unknown): KeyFile {
  const path = text(raw);
  return aboutFile(() => {
    const { text: pem, permissions } = readTextFile(path, MAX_PEM_BYTES);
    const exposed = exposure(path, permissions);
    if (exposed !== undefined) throw new BadValue(exposed);
    return { path, pem: new Secret(pem), key: privateKey(pem) };
  });
}

/** Why the two cannot be used together, as a sentence without subject; undefined when they can. */
export function mismatch({ leaf, chain }: CertificateFile, { key, pem }: KeyFile): string | undefined {
  if (!leaf.checkPrivateKey(key)) {
    return 'is not the key of the certificate in cloud.certFile; name the key that its signing request was made with';
  }
  try {
    tls.createSecureContext({
      cert: chain,
      key: pem.reveal(),
      ciphers: `${tls.DEFAULT_CIPHERS}:${TLS_SECURITY_LEVEL}`,
    });
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return `and its certificate cannot be used for TLS (${code}): RSA below 2,048 bits and SHA-1 are too weak; have a new certificate issued`;
  }
}

/** Common name of the subject; empty when it has none. */
export function commonNameOf(leaf: X509Certificate): string {
  return /^CN=(.+)$/m.exec(leaf.subject)?.[1] ?? '';
}

function certificate(block: string, index: number): X509Certificate {
  try {
    return new X509Certificate(block);
  } catch {
    throw new BadValue(`holds a certificate (number ${index + 1}) that cannot be read; write the file anew`);
  }
}

function privateKey(pem: string): KeyObject {
  if (!pem.includes('PRIVATE KEY-----')) throw new BadValue('holds no private key (PEM)');
  if (pem.includes('ENCRYPTED')) {
    throw new BadValue(
      'holds a key with a passphrase, which nobody can type in here; write it without one: openssl pkey -in OLD -out NEW',
    );
  }
  try {
    return createPrivateKey(pem);
  } catch {
    throw new BadValue('holds a private key that cannot be read; write the file anew');
  }
}

function aboutFile<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof BadValue) throw new BadValue(`names a file that ${error.message}`);
    throw error;
  }
}
