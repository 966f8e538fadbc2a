import type { AdminErrorCode } from './errors.js';

/*
 * Who may ask, judged before routing. The rules, all of which hold for every request unless said otherwise:
 *
 * 1. There is exactly one Host header and it names this listener, letter by letter: DNS rebinding makes a browser
 *    send the attacker's name here. Over a unix socket, which no browser reaches, it is `localhost`.
 * 2. An Origin header must be our own; Sec-Fetch-Site must be absent, `same-origin` or (for reading) `none`.
 *    Pages are exempt, so that a link from elsewhere opens the dashboard: they are the same bytes for everybody.
 * 3. With a token configured, everything but pages and /healthz needs `Authorization: Bearer TOKEN`.
 * 4. Without one (loopback and unix sockets only) requests that change something need no token, but they are such
 *    that a browser asks with a preflight before sending them for another site, and no preflight is ever granted:
 *    the method DELETE, or POST with Content-Type application/json.
 */

/** What the judgement needs of a request. */
export interface RequestFacts {
  readonly method: string;
  /** Values of all Host headers. */
  readonly hosts: readonly string[];
  readonly origin: string | undefined;
  readonly secFetchSite: string | undefined;
  /** Local address and port of the connection; undefined over a unix socket. */
  readonly local: { readonly address: string; readonly port: number } | undefined;
}

/** Methods that change nothing. */
export function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** The refusal under rules 1 and 2, or undefined. `names` are further names of the listener, without port. */
export function judgeSite(
  facts: RequestFacts,
  isPage: boolean,
  names: readonly string[],
): AdminErrorCode | undefined {
  const [host, second] = facts.hosts;
  if (host === undefined || second !== undefined) return 'wrong-host';
  if (!ownHosts(facts.local, names).includes(host)) return 'wrong-host';
  if (isPage && isReading(facts.method)) return undefined;
  if (facts.origin !== undefined && facts.origin !== `http://${host}`) return 'foreign-origin';
  const site = facts.secFetchSite;
  if (site === undefined || site === 'same-origin') return undefined;
  return site === 'none' && isReading(facts.method) ? undefined : 'foreign-origin';
}

/** Host headers that name the listener a connection came in on. An address literal cannot be rebound. */
function ownHosts(local: RequestFacts['local'], names: readonly string[]): string[] {
  if (local === undefined) return ['localhost'];
  const address = local.address.replace(/^::ffff:(?=\d+\.)/, '');
  const own = address.includes(':') ? `[${address}]` : address;
  const loopback = isLoopback(address) ? ['localhost', '127.0.0.1', '[::1]'] : [];
  const hosts = [own, ...loopback, ...names];
  const withPort = hosts.map((host) => `${host}:${local.port}`);
  return local.port === 80 ? [...withPort, ...hosts] : withPort;
}

/** Whether a listener on `host` is reachable from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
