import { isIP } from 'node:net';
import { Secret } from '../../contract/secret.js';
import type { ProxyConfig } from './config.js';
import { fits, patternForm, wholeNumberPattern } from './form.js';
import type { Form } from './form.js';
import { BadValue, text } from './values.js';

/** Longest URL, in characters; host names end at 253. */
const MAX_URL_CHARACTERS = 1_024;

/** `localhost`, 127.0.0.0/8 or ::1: what never leaves this machine, so that plain http is acceptable. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}

/** The origin `https://host[:port]`; `http://` only for loopback; a `/` at the end is dropped. */
export function cloudUrl(raw: unknown): string {
  fits(raw, () => urlForm(`${originPattern('https', 'http')}/?`, 'https://host, or https://host:port.'));
  const url = bareUrl(raw, ['https:', 'http:'], 'https://');
  return url.origin;
}

/** Base of the tunnel WebSockets: as the cloud's URL, but `wss://` and `ws://` are understood too. */
export function remoteAccessUrl(raw: unknown): string {
  const either = `(?:${originPattern('https', 'http')}|${originPattern('wss', 'ws')})/?`;
  fits(raw, () => urlForm(either, 'https://host, or https://host:port.'));
  const url = bareUrl(raw, ['https:', 'http:', 'wss:', 'ws:'], 'https://');
  const scheme = url.protocol === 'wss:' ? 'https:' : url.protocol === 'ws:' ? 'http:' : url.protocol;
  return `${scheme}//${url.host}`;
}

/** `mqtts://host[:port]` or `wss://host[:port]/path`; `mqtt://` and `ws://` only for loopback. */
export function mqttUrl(raw: unknown): string {
  const either = `${originPattern('mqtts', 'mqtt')}/?|${originPattern('wss', 'ws')}(?:/[^\\s\\\\?#]*)?`;
  fits(raw, () => urlForm(either, 'mqtts://host:port, or wss://host/mqtt.'));
  const url = readUrl(raw, ['mqtts:', 'mqtt:', 'wss:', 'ws:'], 'mqtts://');
  const isWebSocket = url.protocol === 'wss:' || url.protocol === 'ws:';
  if (!isWebSocket && !['', '/'].includes(url.pathname)) throw new BadValue('must end after host and port');
  refusePlain(url, ['mqtt:', 'ws:']);
  return `${url.protocol}//${url.host}${isWebSocket ? url.pathname : ''}`;
}

/** `https://host[:port]` or `mqtts://host[:port]`: a certificate is shown there, so there is no way without TLS. */
export function tokenUrl(raw: unknown): string {
  const either = `(?:${anyCase('https')}|${anyCase('mqtts')})://${HOST}${PORT}/?`;
  fits(raw, () => urlForm(either, 'https://host:8443, or mqtts://host:8883.'));
  const url = readUrl(raw, ['https:', 'mqtts:'], 'https://');
  if (!['', '/'].includes(url.pathname)) throw new BadValue('must end after host and port, without a path');
  return `${url.protocol}//${url.host}`;
}

/**
 * `http://[user:password@]host[:port]`, or `https://` for TLS to the proxy; the scheme may be missing, as curl allows in
 * HTTPS_PROXY; port 80 or 443 if none.
 */
export function proxyUrl(raw: unknown): ProxyConfig {
  fits(raw, () =>
    urlForm(PROXY, 'http://host:port, with user:password@ in front of the host if it wants one.'),
  );
  const written = text(raw, MAX_URL_CHARACTERS);
  const url = parseUrl(written.includes('://') ? written : `http://${written}`, 'http://');
  if (!['http:', 'https:'].includes(url.protocol))
    throw new BadValue('must begin with http:// or https:// (the proxy then tunnels TLS)');
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    throw new BadValue('must end after host and port');
  }
  if (url.port === '0') throw new BadValue('has port 0');
  const isSecure = url.protocol === 'https:';
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    user: url.username === '' ? undefined : decoded(url.username),
    password: url.password === '' ? undefined : new Secret(decoded(url.password)),
    ...(isSecure ? { isSecure } : {}),
  };
}

/** Text with all that stands before an `@` taken out: the only part of a URL that may be secret. */
export function withoutUserinfo(written: string): string {
  return written.replace(/^.*@/s, '[secret]@');
}

/** A host that is left alone by every reader: a bracketed IPv6 address, or what does not end with a dot. */
const HOST = '(?:\\[[0-9A-Fa-f:.]+\\]|[^\\s/?#@:%[\\]\\\\]*[^\\s/?#@:%[\\]\\\\.])';
const LOOPBACK = `(?:${anyCase('localhost')}|127(?:\\.\\d{1,3}){3}|\\[::1\\])`;
const PORT = `(?::(?:${wholeNumberPattern(1, 65_535)})?)?`;
const PROXY = `(?:${anyCase('http')}[Ss]?://)?(?:(?:%[0-9A-Fa-f]{2}|[^%\\s/?#\\\\])*@)?${HOST}${PORT}/?`;

/** `secure://` to any host, `plain://` to loopback only. */
function originPattern(secure: string, plain: string): string {
  return `(?:${anyCase(secure)}://${HOST}|${anyCase(plain)}://${LOOPBACK})${PORT}`;
}

function anyCase(word: string): string {
  return word.replace(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);
}

function urlForm(pattern: string, example: string): Form {
  return patternForm(pattern, `Such as ${example}`, MAX_URL_CHARACTERS);
}

function bareUrl(raw: unknown, schemes: readonly string[], usual: string): URL {
  const url = readUrl(raw, schemes, usual);
  if (!['', '/'].includes(url.pathname)) throw new BadValue('must end after host and port, without a path');
  refusePlain(url, ['http:', 'ws:']);
  return url;
}

function readUrl(raw: unknown, schemes: readonly string[], usual: string): URL {
  const written = text(raw, MAX_URL_CHARACTERS);
  const url = parseUrl(written, usual);
  if (!schemes.includes(url.protocol)) {
    throw new BadValue(`must begin with ${schemes.map((scheme) => `${scheme}//`).join(', ')}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new BadValue('must not hold user or password; they have keys of their own');
  }
  // An empty query or fragment (`https://host?`) parses to '' but is still not what anybody means.
  if (/[?#]/.test(written)) throw new BadValue('must not have a query or a fragment');
  if (url.port === '0') throw new BadValue('has port 0');
  if (url.hostname.endsWith('.')) throw new BadValue('has a host that ends with a dot; leave the dot out');
  return url;
}

function parseUrl(written: string, usual: string): URL {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(written))
    throw new BadValue(`must be a URL that begins with ${usual}`);
  if (/[\s\\]/.test(written)) throw new BadValue('holds a blank or a backslash');
  const url = tryParse(written);
  if (url === null || url.hostname === '') throw new BadValue('is not a URL with a host');
  return url;
}

/** As `URL.parse`, which came with Node 22. */
function tryParse(written: string): URL | null {
  try {
    return new URL(written);
  } catch {
    return null;
  }
}

function refusePlain(url: URL, plain: readonly string[]): void {
  if (!plain.includes(url.protocol) || isLoopback(url.hostname)) return;
  throw new BadValue(
    `must not begin with ${url.protocol}// because credentials would travel unencrypted (only to loopback may they)`,
  );
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new BadValue('has a user or password with a broken percent escape');
  }
}
