import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import type { X509Certificate } from '@peculiar/x509';
import { installReflectMetadata } from './reflect-metadata.js';

/** A private key and its certificate, both PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly cert: string;
}

/** When a certificate is good. */
export interface Life {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

type X509 = typeof import('@peculiar/x509');

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Certificates live 90 days: longer than any demonstration, short enough that nobody keeps one. */
const LIFE_MS = 90 * 86_400_000;

/** Some devices have clocks that are a little behind. */
const BACKDATED_MS = 3_600_000;

/** A certificate authority of its own, made new at every start; its key never leaves the process. */
export class Authority {
  /** PEM of the authority's certificate, which clients must trust. */
  readonly ca: string;

  private constructor(
    private readonly x509: X509,
    private readonly root: X509Certificate,
    private readonly keys: webcrypto.CryptoKeyPair,
  ) {
    this.ca = root.toString('pem');
  }

  static async create(name = 'Gatehouse simulator CA'): Promise<Authority> {
    installReflectMetadata();
    const x509 = await import('@peculiar/x509');
    x509.cryptoProvider.set(webcrypto);
    const keys = await generate();
    const root = await x509.X509CertificateGenerator.createSelfSigned({
      ...validity(),
      name: `CN=${name}`,
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, 1, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new Authority(x509, root, keys);
  }

  /** A certificate for a server on this machine: localhost, 127.0.0.1, ::1 and any further DNS names. */
  issueServer(...names: readonly string[]): Promise<KeyAndCertificate> {
    const { SubjectAlternativeNameExtension, ExtendedKeyUsage } = this.x509;
    const alternatives = new SubjectAlternativeNameExtension([
      ...['localhost', ...names].map((value) => ({ type: 'dns' as const, value })),
      { type: 'ip', value: '127.0.0.1' },
      { type: 'ip', value: '::1' },
    ]);
    return this.#issue('localhost', ExtendedKeyUsage.serverAuth, {}, alternatives);
  }

  /** A certificate for a device; its common name is the external id. */
  issueDevice(externalId: string, life: Partial<Life> = {}): Promise<KeyAndCertificate> {
    return this.#issue(externalId, this.x509.ExtendedKeyUsage.clientAuth, life);
  }

  async #issue(
    commonName: string,
    usage: string,
    life: Partial<Life>,
    ...more: readonly InstanceType<X509['SubjectAlternativeNameExtension']>[]
  ): Promise<KeyAndCertificate> {
    const { x509, root } = this;
    const keys = await generate();
    const certificate = await x509.X509CertificateGenerator.create({
      ...validity(life),
      subject: [{ CN: [commonName] }],
      issuer: root.subject,
      publicKey: keys.publicKey,
      signingKey: this.keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        await x509.AuthorityKeyIdentifierExtension.create(this.keys.publicKey),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        ...more,
      ],
    });
    return {
      key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
      cert: certificate.toString('pem'),
    };
  }
}

function generate(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function validity(life: Partial<Life> = {}): Life & { serialNumber: string } {
  return {
    // Positive and without leading zeros, as RFC 5280 4.1.2.2 wants it.
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    notBefore: new Date(Date.now() - BACKDATED_MS),
    notAfter: new Date(Date.now() + LIFE_MS),
    ...life,
  };
}
