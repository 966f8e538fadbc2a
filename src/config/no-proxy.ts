import { BlockList, isIP } from 'node:net';

/**
 * Whether a NO_PROXY list names `host:port`, by the rules of curl: entries separated by commas; `example.com` and
 * `.example.com` both cover the name and what is below it, whatever the case and with or without a dot at the end; an
 * address covers itself in any spelling, `10.0.0.0/8` and `fd00::/8` what is in them; addresses are never compared with
 * names. Beyond curl, as Go and others have it: blanks separate as well, `host:port` (IPv6 in brackets) covers one
 * port, `*.example.com` is `.example.com`, and `*` means everything also where it is not alone.
 */
export function bypassesProxy(noProxy: string, host: string, port: number): boolean {
  const wanted = unbracketed(host.toLowerCase());
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => covers(entry, wanted, port));
}

function covers(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true;
  const [place, wantedPort] = partsOf(entry);
  if (wantedPort !== undefined && wantedPort !== port) return false;
  return isIP(host) === 0 ? coversName(place, host) : coversAddress(place, host);
}

/** Place and port of an entry. `::1` has colons of its own: only a bracketed address can carry a port. */
function partsOf(entry: string): readonly [place: string, port: number | undefined] {
  const [, place, port] = /^(\[.*\]|[^:]+):(\d{1,5})$/.exec(entry) ?? [];
  return place === undefined ? [unbracketed(entry), undefined] : [unbracketed(place), Number(port)];
}

function coversName(entry: string, host: string): boolean {
  const name = withoutLastDot(entry).replace(/^\*?\./, '');
  const wanted = withoutLastDot(host);
  return name !== '' && (wanted === name || wanted.endsWith(`.${name}`));
}

function coversAddress(entry: string, host: string): boolean {
  const [address = '', prefix] = entry.split('/');
  const kind = isIP(address);
  if (kind === 0 || (prefix !== undefined && !/^\d{1,3}$/.test(prefix))) return false;
  const bits = prefix === undefined ? (kind === 4 ? 32 : 128) : Number(prefix);
  if (bits > (kind === 4 ? 32 : 128)) return false;
  const covered = new BlockList();
  covered.addSubnet(address, bits, kind === 4 ? 'ipv4' : 'ipv6');
  return covered.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}

function withoutLastDot(name: string): string {
  return name.replace(/\.$/, '');
}

function unbracketed(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}
