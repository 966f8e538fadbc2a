import tls, { type PeerCertificate, type SecureContext } from 'node:tls';
import { nameless } from '../../contract/certificate-names.js';
import { TLS_SECURITY_LEVEL } from '../../contract/limits.js';
import { withSystemRoots } from '../../contract/system-roots.js';
import type { Config, DeviceCertificate } from '../config/config.js';

/** TLS settings of every connection to the cloud: versions, strength, and whom to believe. */
export interface TrustOptions {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: true;
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
}

type ShownCertificate = Pick<DeviceCertificate, 'chain' | 'key'>;
type TrustSettings = Pick<Config['cloud'], 'ca' | 'minTlsVersion'>;

/**
 * Reading some 150 roots takes 25 ms and more, so the context of a process's one configuration is kept; it is the same
 * for every connection. A reload is a new process.
 */
let kept: (TrustSettings & { readonly context: SecureContext }) | undefined;

/** `ca` is PEM, added to the usual roots. `certificate` is shown to the server. */
export function trust(settings: TrustSettings, certificate?: ShownCertificate): TrustOptions {
  return {
    secureContext: certificate === undefined ? keptContext(settings) : contextOf(settings, certificate),
    // Given explicitly, it is stronger than the environment.
    rejectUnauthorized: true,
    checkServerIdentity: (host, shown) => nameless(shown) ?? tls.checkServerIdentity(host, shown),
  };
}

function keptContext({ ca, minTlsVersion }: TrustSettings): SecureContext {
  if (kept?.ca !== ca || kept?.minTlsVersion !== minTlsVersion)
    kept = { ca, minTlsVersion, context: contextOf({ ca, minTlsVersion }) };
  return kept.context;
}

function contextOf({ ca, minTlsVersion }: TrustSettings, certificate?: ShownCertificate): SecureContext {
  return tls.createSecureContext({
    minVersion: minTlsVersion,
    ciphers: `${tls.DEFAULT_CIPHERS}:${TLS_SECURITY_LEVEL}`,
    // Naming roots replaces the usual ones.
    ca: [...withSystemRoots(nodeRoots()), ...(ca === undefined ? [] : [ca])],
    ...(certificate === undefined ? {} : { cert: certificate.chain, key: certificate.key.reveal() }),
  });
}

/** What Node trusts by itself. */
function nodeRoots(): readonly string[] {
  const newer = tls as { readonly getCACertificates?: (kind: 'default') => string[] };
  return newer.getCACertificates?.('default') ?? tls.rootCertificates;
}
