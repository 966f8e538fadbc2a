import tls, { type PeerCertificate } from 'node:tls';
import { nameless } from '../../contract/certificate-names.js';
import { TLS_SECURITY_LEVEL } from '../../contract/limits.js';
import type { Config } from '../config/config.js';

/** TLS settings of every connection to the cloud: versions, strength, and whom to believe. */
export interface TrustOptions {
  readonly minVersion: Config['cloud']['minTlsVersion'];
  readonly ciphers: string;
  readonly ca: string[] | undefined;
  readonly rejectUnauthorized: true;
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
}

/** `ca` is PEM, added to the usual roots: setting it alone would replace them. */
export function trust({ ca, minTlsVersion }: Pick<Config['cloud'], 'ca' | 'minTlsVersion'>): TrustOptions {
  return {
    minVersion: minTlsVersion,
    ciphers: `${tls.DEFAULT_CIPHERS}:${TLS_SECURITY_LEVEL}`,
    ca: ca === undefined ? undefined : [...usualRoots(), ca],
    // Given explicitly, it is stronger than the environment.
    rejectUnauthorized: true,
    checkServerIdentity: (host, certificate) =>
      nameless(certificate) ?? tls.checkServerIdentity(host, certificate),
  };
}

/** What Node trusts by itself. Where it can tell, that includes NODE_EXTRA_CA_CERTS and the system's store. */
function usualRoots(): readonly string[] {
  const newer = tls as { readonly getCACertificates?: (kind: 'default') => string[] };
  return newer.getCACertificates?.('default') ?? tls.rootCertificates;
}
