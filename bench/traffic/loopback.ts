import { BlockList, isIP } from 'node:net';

/** Where the benches listen and dial. */
export const LOOPBACK = '127.0.0.1';

const ALLOWED = new BlockList();
ALLOWED.addSubnet('127.0.0.0', 8, 'ipv4');
ALLOWED.addAddress('::1', 'ipv6');

/**
 * `address`, when it is a literal of this machine's loopback. Traffic at full speed must never leave the machine, so
 * whatever dials asks here first.
 * @throws Error for any other address, and for names.
 */
export function loopbackOnly(address: string): string {
  const family = isIP(address);
  if (family !== 0 && ALLOWED.check(address, family === 4 ? 'ipv4' : 'ipv6')) return address;
  throw new Error(`${address} is no loopback address; the benches dial nothing else`);
}
