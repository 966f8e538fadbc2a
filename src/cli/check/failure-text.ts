import { EXIT } from '../../exit-codes.js';
import type { ExitCode } from '../../exit-codes.js';
import { printable } from '../terminal.js';
import type { Outcome } from './probe.js';

/** A step did not end in time. */
export class Timeout extends Error {
  constructor(deadlineMs: number) {
    super(`no answer within ${deadlineMs / 1_000} s`);
    this.name = 'Timeout';
  }
}

/** The proxy did not open the tunnel. */
export class ProxyRefusal extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the proxy answered ${status}`);
    this.name = 'ProxyRefusal';
    this.status = status;
  }
}

/** What to do, by the code of a failed connection. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOTFOUND: 'check the spelling and the DNS server of this machine (`getent hosts NAME`)',
  EAI_AGAIN: 'the DNS server does not answer: check the network and /etc/resolv.conf',
  ECONNREFUSED: 'nothing listens there: check the port, and that the service runs',
  ECONNRESET: 'something on the way cuts connections: check firewall and proxy',
  EHOSTUNREACH: 'check cabling, address and route (`ip route get ADDRESS`)',
  ENETUNREACH: 'check the default route of this machine',
  ETIMEDOUT: 'a firewall probably drops the packets: allow the port, or set cloud.proxy',
  CERT_HAS_EXPIRED: 'renew the certificate there, or correct the clock of this machine',
  CERT_NOT_YET_VALID: 'correct the clock of this machine (NTP)',
  ERR_TLS_CERT_ALTNAME_INVALID: 'use the host name the certificate is for in cloud.url',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'name the certificate in cloud.caFile, if it is yours',
  SELF_SIGNED_CERT_IN_CHAIN: 'name the root in cloud.caFile; a proxy that inspects TLS shows like this, too',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'name the root in cloud.caFile; a proxy that inspects TLS shows like this, too',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'name the root in cloud.caFile, or repair the chain the server sends',
};

/** A connection that failed as an outcome: what was tried, why it failed, and what to do. */
export function connectionFailure(what: string, error: unknown, exit: ExitCode = EXIT.unreachable): Outcome {
  if (error instanceof ProxyRefusal) return proxyFailure(error);
  const code = codeOf(error);
  const cause = error instanceof Error ? printable(error.message).slice(0, 200) : 'failed';
  const timeoutAdvice = error instanceof Timeout ? ADVICE.ETIMEDOUT : undefined;
  const advice = ADVICE[code] ?? timeoutAdvice ?? 'check the network between this machine and there';
  return { status: 'failed', detail: `${what}: ${cause}`, advice, exit };
}

/** The code of an error, or of the first of several (both address families may have been tried). */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function proxyFailure({ status }: ProxyRefusal): Outcome {
  const advice =
    status === 407
      ? 'give user and password in cloud.proxy: http://user:password@host:port'
      : 'allow CONNECT to the cloud host and port on the proxy, or name the cloud in NO_PROXY';
  return { status: 'failed', detail: `the proxy answered ${status}`, advice, exit: EXIT.unreachable };
}
