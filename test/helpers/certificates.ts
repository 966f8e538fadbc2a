import { KeyObject, randomUUID, webcrypto } from 'node:crypto';
import type { TlsOptions } from 'node:tls';
import type { Extension, JsonGeneralName, X509Certificate } from '@peculiar/x509';

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

/** What is to be wrong with a server's certificate. */
export interface Flaws {
  /** Days from now; default −1 and 30. */
  readonly fromDays?: number;
  readonly toDays?: number;
  /** Subject alternative names; default localhost and 127.0.0.1. */
  readonly names?: readonly JsonGeneralName[];
  /** Kind and bits of the server's key; default P-256. */
  readonly key?: 'rsa-1024' | 'rsa-2048';
  /** Signed by itself instead of by the authority. */
  readonly selfSigned?: boolean;
  /** Its subject's common name; default `Test Cloud`. */
  readonly commonName?: string;
  /** Signed by an authority below the one to trust, which the server sends with its own or leaves out. */
  readonly intermediate?: 'sent' | 'missing';
}

/** A server's key and certificate, and the authority to trust for it. Made anew: nothing secret lies in the repository. */
export interface Identity {
  readonly ca: string;
  readonly server: TlsOptions & { readonly key: string | Buffer; readonly cert: string };
}

export async function serverIdentity(flaws: Flaws = {}): Promise<Identity> {
  const x509 = await library();
  x509.cryptoProvider.set(webcrypto);
  const authority = await keys();
  const server =
    flaws.key === undefined ? await keys() : await rsaKeys(flaws.key === 'rsa-1024' ? 1_024 : 2_048);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    // Of two authorities with one name OpenSSL would look at the first only.
    name: `CN=Test Authority ${randomUUID()}`,
    serialNumber: '01',
    notBefore: day(-2),
    notAfter: day(60),
    keys: authority,
    signingAlgorithm: EC,
    extensions: authorityExtensions(x509),
  });
  const between = flaws.intermediate === undefined ? undefined : await intermediate(x509, root, authority);
  const signer = between ?? { certificate: root, keys: authority };
  const subject = `CN=${flaws.commonName ?? 'Test Cloud'}`;
  const names = flaws.names ?? [
    { type: 'dns', value: 'localhost' },
    { type: 'ip', value: '127.0.0.1' },
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: flaws.selfSigned === true ? subject : signer.certificate.subject,
    serialNumber: '02',
    notBefore: day(flaws.fromDays ?? -1),
    notAfter: day(flaws.toDays ?? 30),
    publicKey: server.publicKey,
    signingKey: flaws.selfSigned === true ? server.privateKey : signer.keys.privateKey,
    signingAlgorithm: flaws.selfSigned === true && flaws.key !== undefined ? RSA : EC,
    extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension([...names])],
  });
  const key = KeyObject.from(server.privateKey).export({ type: 'pkcs8', format: 'pem' });
  const chain = flaws.intermediate === 'sent' ? [certificate, signer.certificate] : [certificate];
  const cert = chain.map((each) => each.toString('pem')).join('\n');
  return { ca: root.toString('pem'), server: { key, cert } };
}

type Library = typeof import('@peculiar/x509');

function authorityExtensions(x509: Library): Extension[] {
  return [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
  ];
}

async function intermediate(
  x509: Library,
  root: X509Certificate,
  rootKeys: webcrypto.CryptoKeyPair,
): Promise<{ certificate: X509Certificate; keys: webcrypto.CryptoKeyPair }> {
  const own = await keys();
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=Test Intermediate ${randomUUID()}`,
    issuer: root.subject,
    serialNumber: '03',
    notBefore: day(-2),
    notAfter: day(60),
    publicKey: own.publicKey,
    signingKey: rootKeys.privateKey,
    signingAlgorithm: EC,
    extensions: authorityExtensions(x509),
  });
  return { certificate, keys: own };
}

/** The library's injector looks for three functions of the reflect-metadata proposal; a table per class is enough. */
function library(): Promise<Library> {
  const tables = new WeakMap<object, Map<unknown, unknown>>();
  const get = (key: unknown, target: object): unknown => tables.get(target)?.get(key);
  const missing = {
    defineMetadata: (key: unknown, value: unknown, target: object): void => {
      tables.set(target, (tables.get(target) ?? new Map<unknown, unknown>()).set(key, value));
    },
    getOwnMetadata: get,
    getMetadata: get,
  };
  if (!('getMetadata' in Reflect)) Object.assign(Reflect, missing);
  return import('@peculiar/x509');
}

function day(days: number): Date {
  return new Date(Date.now() + days * DAY_MS);
}

function keys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(EC, true, ['sign', 'verify']);
}

function rsaKeys(modulusLength: number): Promise<webcrypto.CryptoKeyPair> {
  const exponent = new Uint8Array([1, 0, 1]);
  return webcrypto.subtle.generateKey({ ...RSA, modulusLength, publicExponent: exponent }, true, [
    'sign',
    'verify',
  ]);
}
