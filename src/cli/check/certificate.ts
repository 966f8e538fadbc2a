import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { printable } from '../terminal.js';

/** What the certificate of a server says, as far as an operator can use it. Its texts can be printed. */
export interface CertificateView {
  /** Organisation or common name. */
  readonly issuer: string;
  /** Subject alternative names: DNS names and addresses. */
  readonly names: readonly string[];
  /** In ms since 1970. */
  readonly untilMs: number;
}

/** Nobody whom we trust vouches for a certificate, or it is for somebody or some time else. */
export class UntrustedCertificate extends Error {
  constructor(
    /** Of OpenSSL or Node. */
    readonly code: string,
    readonly certificate: CertificateView,
  ) {
    const { issuer, names } = certificate;
    const whom = names.length === 0 ? 'no name' : names.slice(0, 8).join(', ');
    const reason = code === 'UNSPECIFIED' ? 'key or signature too weak' : code;
    super(`${reason}, certificate issued by ${issuer} for ${whom}`);
    this.name = 'UntrustedCertificate';
  }
}

/** The certificate of a connection that was made without refusing one. @throws UntrustedCertificate */
export function verifiedCertificate(socket: TLSSocket): CertificateView {
  const certificate = socket.getPeerCertificate(true);
  const view = {
    issuer: issuerOf(certificate),
    names: namesOf(certificate),
    untilMs: Date.parse(certificate.valid_to),
  };
  if (socket.authorized) return view;
  // Typed as an Error, but it is the code as text, or an Error for a name that does not match.
  const reason: unknown = socket.authorizationError;
  throw new UntrustedCertificate(
    reason instanceof Error && 'code' in reason ? String(reason.code) : String(reason),
    view,
  );
}

function issuerOf({ issuer }: DetailedPeerCertificate): string {
  const names: readonly (string | string[] | undefined)[] = [issuer.O, issuer.CN];
  const name = names.flat().find((value) => value !== undefined && value !== '');
  return printable(name ?? 'an unnamed issuer').slice(0, 100);
}

function namesOf({ subjectaltname = '' }: DetailedPeerCertificate): string[] {
  return subjectaltname
    .split(', ')
    .filter((entry) => /^(?:DNS|IP Address):/.test(entry))
    .map((entry) => printable(entry.slice(entry.indexOf(':') + 1)).slice(0, 253))
    .slice(0, 100);
}
