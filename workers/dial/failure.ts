import type { Endpoint } from '../../contract/messages.js';
import { GatehouseError, type FailureCode } from '../../contract/failure.js';

/** `host:port`, with brackets around IPv6, and the address behind a name where it is known. */
export function describe({ host, port, addresses }: Endpoint): string {
  const name = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const [first] = addresses;
  return first === undefined || first === host ? name : `${name} (${first})`;
}

/** The errno-like code of an error, or an empty string. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Errors of the gateway itself: no file handle, no port, no memory. */
const LOCAL = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL']);

/** What a failed connect to the plant network means for the technician. */
export function targetFailure(error: unknown, endpoint: Endpoint): GatehouseError {
  if (error instanceof GatehouseError) return error;
  const target = describe(endpoint);
  const code = codeOf(error);
  const fail = (failure: FailureCode, sentence: string): GatehouseError =>
    new GatehouseError(failure, sentence, { cause: error });
  if (LOCAL.has(code)) return fail('local-resources', localSentence(code));
  switch (code) {
    case 'ECONNREFUSED':
      return fail('target-refused', `${target} refused the connection; nothing listens on that port.`);
    case 'ECONNRESET':
    case 'EPIPE':
      return fail('target-reset', `${target} closed the connection before it was in use.`);
    case 'ETIMEDOUT':
      return fail('target-timeout', `${target} did not answer (${code}).`);
    default:
      return fail(
        'target-unreachable',
        `There is no way from the gateway to ${target} (${code || 'unknown error'}).`,
      );
  }
}

/** TLS verification errors of OpenSSL, in words. Others that begin with these prefixes are TLS as well. */
const TLS_SENTENCES: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  CERT_WITHOUT_ALTNAME: 'its certificate has no subject alternative name; a common name alone does not count',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; set cloud.caFile to trust it',
  SELF_SIGNED_CERT_IN_CHAIN:
    'its certificate is not issued by a trusted authority; set cloud.caFile to trust it',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is not issued by a trusted authority; set cloud.caFile to trust it',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate is not issued by a trusted authority; set cloud.caFile to trust it',
  CERT_SIGNATURE_FAILURE: 'the signature of its certificate is wrong',
  UNSPECIFIED:
    'its certificate was refused, as are keys and signatures that are too weak (RSA below 2,048 bits, SHA-1)',
  CERT_REVOKED: 'its certificate is revoked',
  INVALID_CA: 'its certificate was issued by one that may not issue any',
  INVALID_PURPOSE: 'its certificate is not one for servers',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE:
    'it refused the handshake: no common TLS version or cipher, or it asks for a client certificate',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it asks for a client certificate',
};

/** Where the gateway's clock may be what is wrong, what it says: one without a battery starts in 1970. */
function sentenceOfTime(code: string): string | undefined {
  if (code !== 'CERT_HAS_EXPIRED' && code !== 'CERT_NOT_YET_VALID') return undefined;
  const day = new Date().toISOString().slice(0, 10);
  return `${TLS_SENTENCES[code] ?? code}; the gateway's clock says ${day}`;
}

function isTls(code: string): boolean {
  return (
    Object.hasOwn(TLS_SENTENCES, code) ||
    code === 'EPROTO' ||
    code.startsWith('ERR_TLS') ||
    code.startsWith('ERR_SSL') ||
    code.includes('CERT')
  );
}

/** TLS to an HTTP proxy that failed. */
export function proxyTlsFailure(error: unknown, proxyName: string): GatehouseError {
  const code = codeOf(error);
  const why = sentenceOfTime(code) ?? TLS_SENTENCES[code] ?? `it may not speak TLS there (${code})`;
  return new GatehouseError('cloud-proxy', `TLS to the HTTP proxy ${proxyName} failed: ${why}.`, {
    cause: error,
  });
}

/** What a failed dial of the tunnel means: TCP, TLS and everything below the HTTP answer. */
export function cloudFailure(error: unknown, cloud: string): GatehouseError {
  if (error instanceof GatehouseError) return error;
  const code = codeOf(error);
  const fail = (failure: FailureCode, sentence: string): GatehouseError =>
    new GatehouseError(failure, sentence, { cause: error });
  if (LOCAL.has(code)) return fail('local-resources', localSentence(code));
  if (isTls(code)) {
    const why =
      sentenceOfTime(code) ??
      TLS_SENTENCES[code] ??
      `no common TLS version or cipher, or no TLS there at all (${code})`;
    return fail('cloud-tls', `The TLS connection to ${cloud} failed: ${why}.`);
  }
  switch (code) {
    case 'ECONNREFUSED':
      return fail('cloud-unreachable', `${cloud} refused the connection.`);
    case 'ETIMEDOUT':
      return fail('cloud-timeout', `${cloud} did not answer (${code}).`);
    case 'ECONNRESET':
    case 'EPIPE':
      return fail('cloud-unreachable', `${cloud} closed the connection during the handshake.`);
    default: {
      const why = error instanceof Error ? code || error.message : 'unknown error';
      return fail('cloud-unreachable', `There is no way from the gateway to ${cloud} (${why}).`);
    }
  }
}

/** The cloud answered 401: other credentials may help, and the connection key is not spent. */
export class CredentialsRefused extends GatehouseError {}

/** What an HTTP status other than 101 means. `retryAfter` is the header, if it is a plain number of seconds. */
export function upgradeFailure(status: number, cloud: string, retryAfter?: string): GatehouseError {
  switch (status) {
    case 401:
      return new CredentialsRefused(
        'cloud-unauthorized',
        `${cloud} did not accept the gateway's credentials (401).`,
      );
    case 403:
      return new GatehouseError('cloud-unauthorized', `The gateway's user may not use Remote Access (403).`);
    case 404:
    case 410:
      return new GatehouseError(
        'cloud-key-unknown',
        `${cloud} does not know this connection key, or it was used or has expired (${status}); connect again.`,
      );
    case 429: {
      const when =
        retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter) ? ` in ${retryAfter} s` : ' later';
      return new GatehouseError(
        'cloud-unreachable',
        `${cloud} asks the gateway to slow down (429); try again${when}.`,
      );
    }
    default:
      if (status >= 500) {
        return new GatehouseError('cloud-unreachable', `${cloud} answered ${status}; try again in a moment.`);
      }
      if (status >= 300 && status < 400) {
        return new GatehouseError(
          'cloud-protocol',
          `${cloud} redirected the tunnel (${status}); redirects are not followed, set cloud.remoteAccessUrl instead.`,
        );
      }
      return new GatehouseError(
        'cloud-protocol',
        `${cloud} answered ${status} instead of a WebSocket upgrade.`,
      );
  }
}

function localSentence(code: string): string {
  return `The gateway has no free file handles, ports or buffers (${code}); end sessions or raise its limits.`;
}
