import tls from 'node:tls';

/** TLS settings of every connection to the cloud: at least TLS 1.2, the usual roots and the configured ones. */
export interface TrustOptions {
  readonly minVersion: 'TLSv1.2';
  readonly ca: string[] | undefined;
}

/** `extra` is PEM, added to the usual roots: setting `ca` alone would replace them. */
export function trust(extra: string | undefined): TrustOptions {
  return { minVersion: 'TLSv1.2', ca: extra === undefined ? undefined : [...usualRoots(), extra] };
}

/** What Node trusts by itself. Where it can tell, that includes NODE_EXTRA_CA_CERTS and the system's store. */
function usualRoots(): readonly string[] {
  const newer = tls as { readonly getCACertificates?: (kind: 'default') => string[] };
  return newer.getCACertificates?.('default') ?? tls.rootCertificates;
}
