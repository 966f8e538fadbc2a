import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** True for 127.0.0.0/8 and ::1, with or without the brackets of a URL; false for any name. */
export function isLoopbackAddress(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  return family !== 0 && LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** The URL as it was given, once its host is known to be a loopback address. @throws Error otherwise. */
export function assertLoopback(url: string): string {
  const { hostname } = new URL(url);
  // `localhost` is loopback by RFC 6761 6.3, whoever resolves it.
  if (hostname === 'localhost' || isLoopbackAddress(hostname)) return url;
  throw new Error(`${hostname} is not on this machine; the local mode dials nothing else`);
}
