import { loopbackOnly } from '../traffic/loopback.js';

/** The URL as it was given, once its host is known to be a loopback address. @throws Error otherwise. */
export function assertLoopback(url: string): string {
  const hostname = new URL(url).hostname.replace(/^\[|\]$/g, '');
  // `localhost` is loopback by RFC 6761 section 6.3, whoever resolves it.
  if (hostname !== 'localhost') loopbackOnly(hostname);
  return url;
}

/** True when the host of this URL is a loopback address or `localhost`. */
export function isLoopbackUrl(url: string): boolean {
  try {
    assertLoopback(url);
    return true;
  } catch {
    return false;
  }
}
