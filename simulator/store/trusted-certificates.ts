import { X509Certificate } from 'node:crypto';
import { full, invalid } from './platform-error.js';

/** Trust anchors of one tenant. */
const MAX_ANCHORS = 100;

/** Certificate authorities whose device certificates the tenant accepts. */
export class TrustedCertificates {
  readonly #anchors: X509Certificate[] = [];

  constructor(private readonly now: () => number) {}

  /** @throws PlatformError 422 when it is not a certificate; 507 when the store is full. */
  add(pem: string): void {
    if (this.#anchors.length >= MAX_ANCHORS) throw full('tenant', MAX_ANCHORS);
    try {
      this.#anchors.push(new X509Certificate(pem));
    } catch {
      throw invalid('tenant', 'certInPemFormat is not a certificate.');
    }
  }

  /** PEM of every anchor, for a TLS server's `ca`. */
  pems(): string[] {
    return this.#anchors.map(String);
  }

  /** Common name of a device certificate that is in its time and signed by an anchor; undefined for any other. */
  deviceOf(certificate: X509Certificate): string | undefined {
    const nowMs = this.now();
    const inTime = Date.parse(certificate.validFrom) <= nowMs && nowMs <= Date.parse(certificate.validTo);
    const trusted = this.#anchors.some((anchor) => certificate.verify(anchor.publicKey));
    if (!inTime || !trusted) return undefined;
    return /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  }
}
