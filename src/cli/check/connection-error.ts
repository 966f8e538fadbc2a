import type { ProxyConfig } from '../../config/config.js';

/** A step did not end in time. */
export class Timeout extends Error {
  constructor(deadlineMs: number) {
    super(`no answer within ${deadlineMs / 1_000} s`);
    this.name = 'Timeout';
  }
}

/** The proxy did not open the tunnel. */
export class ProxyRefusal extends Error {
  constructor(
    readonly proxy: ProxyConfig,
    readonly status: number,
  ) {
    super(`the proxy answered ${status}`);
    this.name = 'ProxyRefusal';
  }
}

/** The proxy itself could not be reached; `cause` is why. */
export class ProxyUnreachable extends Error {
  constructor(
    readonly proxy: ProxyConfig,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : 'failed', { cause });
    this.name = 'ProxyUnreachable';
  }
}

/** What kind of failure a connection had. */
export type Failure =
  | 'unresolved'
  | 'name-server-silent'
  | 'closed'
  | 'silent'
  | 'unreachable'
  | 'cut'
  | 'tls-issuer'
  | 'tls-name'
  | 'tls-expired'
  | 'tls-not-yet'
  | 'tls-weak'
  | 'tls-none'
  | 'other';

/** By the code of Node, the system or OpenSSL. */
const KINDS: Readonly<Record<string, Failure>> = {
  ENOTFOUND: 'unresolved',
  EAI_NONAME: 'unresolved',
  EAI_NODATA: 'unresolved',
  EAI_AGAIN: 'name-server-silent',
  EAI_FAIL: 'name-server-silent',
  ECONNREFUSED: 'closed',
  ETIMEDOUT: 'silent',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  ECONNRESET: 'cut',
  EPIPE: 'cut',
  UND_ERR_SOCKET: 'cut',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls-issuer',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls-issuer',
  UNABLE_TO_GET_ISSUER_CERT: 'tls-issuer',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls-issuer',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls-issuer',
  CERT_UNTRUSTED: 'tls-issuer',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls-name',
  HOSTNAME_MISMATCH: 'tls-name',
  CERT_HAS_EXPIRED: 'tls-expired',
  CERT_NOT_YET_VALID: 'tls-not-yet',
  // Node has no name for the refusals of OpenSSL's security level.
  UNSPECIFIED: 'tls-weak',
  EE_KEY_TOO_SMALL: 'tls-weak',
  CA_KEY_TOO_SMALL: 'tls-weak',
  CA_MD_TOO_WEAK: 'tls-weak',
  ERR_SSL_EE_KEY_TOO_SMALL: 'tls-weak',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'tls-weak',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'tls-weak',
  ERR_SSL_WRONG_VERSION_NUMBER: 'tls-none',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'tls-none',
  EPROTO: 'tls-none',
};

/** The kind of a failed connection; of several tries (both address families) that of the first. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ProxyUnreachable) return failureOf(error.cause);
  if (error instanceof Timeout) return 'silent';
  return KINDS[codeOf(error)] ?? 'other';
}

/** The code of an error, or of the first of several. */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** The message of an error; several (both address families) say it once. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return messageOf(error.errors[0]);
  return error instanceof Error ? error.message : 'failed';
}
