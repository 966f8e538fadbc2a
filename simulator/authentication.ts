import type { IncomingHttpHeaders } from 'node:http';
import type { Platform } from './platform.js';
import type { User } from './store/users.js';

/** How a caller says who it is. */
export type Credentials = 'basic' | 'bearer' | 'cookie' | 'query' | undefined;

/** Where the credentials of a request are, without judging them. */
export function credentialsOf(headers: IncomingHttpHeaders, query?: URLSearchParams): Credentials {
  const scheme = headers.authorization?.split(' ')[0]?.toLowerCase();
  if (scheme === 'basic' || scheme === 'bearer') return scheme;
  if (cookie(headers, 'authorization') !== undefined) return 'cookie';
  return query?.has('token') === true ? 'query' : undefined;
}

/**
 * The user of a request: by `Authorization` header, by the cookies of an OAuth login together with the XSRF value in
 * `X-XSRF-TOKEN` (a WebSocket of a browser has it in the query instead), or, where `query` is given, by `token` in it.
 */
export function authenticate(
  platform: Platform,
  headers: IncomingHttpHeaders,
  query?: URLSearchParams,
): User | undefined {
  switch (credentialsOf(headers, query)) {
    case 'basic':
    case 'bearer':
      return platform.users.authenticate(headers.authorization);
    case 'cookie':
      return byCookie(platform, headers, query);
    case 'query':
      return byQuery(platform, query?.get('token') ?? '');
    case undefined:
      return undefined;
  }
}

/** The bearer token of a request, from header or cookie. */
export function tokenOf(headers: IncomingHttpHeaders): string | undefined {
  return /^Bearer\s+(\S+)/i.exec(headers.authorization ?? '')?.[1] ?? cookie(headers, 'authorization');
}

function byCookie(
  platform: Platform,
  headers: IncomingHttpHeaders,
  query: URLSearchParams | undefined,
): User | undefined {
  const token = platform.users.token(cookie(headers, 'authorization') ?? '');
  const given = headers['x-xsrf-token'] ?? query?.get('XSRF-TOKEN') ?? undefined;
  // Tenants in front of which cloud-http-proxy runs switch this check off.
  const isChecked = platform.tenantOptions.get('jwt', 'xsrf-validation.enabled') !== 'false';
  return token === undefined || (isChecked && given !== token.xsrf) ? undefined : token.user;
}

function byQuery(platform: Platform, token: string): User | undefined {
  // cloud-http-proxy cuts only "Basic " off, so that a bearer token arrives with its scheme.
  if (/^Bearer\s/i.test(token)) return platform.users.authenticate(token);
  // A plus that nobody encoded was read as a blank.
  return platform.users.authenticate(`Basic ${token.replaceAll(' ', '+')}`);
}

function cookie(headers: IncomingHttpHeaders, name: string): string | undefined {
  return headers.cookie
    ?.split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}
