import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import ipaddr from 'ipaddr.js';
import type { AdminListen, PortRange } from './config.js';
import { fits, orNumber, patternForm, wholeNumberPattern } from './form.js';
import type { Form } from './form.js';
import { BadValue, text, wholeNumber } from './values.js';

const MAX_PORT = 65_535;

/** Longest path of a unix socket, in bytes: sun_path of Linux holds 108 with its final NUL. */
const MAX_SOCKET_PATH_BYTES = 107;

/** Most entries in one list of ports; a firewall rule of that length is a mistake. */
const MAX_PORT_ENTRIES = 1_000;

const OCTET = wholeNumberPattern(0, 255).replace('0*', '');
const IPV4 = `${OCTET}(?:\\.${OCTET}){3}`;
const IPV6 = '[0-9A-Fa-f]*:[0-9A-Fa-f:.]+';
const ADDRESS = `${IPV4}(?:/${wholeNumberPattern(0, 32)})?|${IPV6}(?:/${wholeNumberPattern(0, 128)})?`;
/** Labels of a DNS name, of which the last one is no number in any notation. */
const NAME =
  '(?:(?!-)[A-Za-z0-9_-]{1,63}(?<!-)\\.)*(?!-)(?!\\d+$|0[Xx][0-9A-Fa-f]*$)[A-Za-z0-9_-]{1,63}(?<!-)';

/** Address, CIDR or DNS name of a conduit, as written. */
export function conduitHost(raw: unknown): string {
  fits(raw, () =>
    patternForm(`${ADDRESS}|${NAME}`, 'An address, a CIDR such as 10.0.5.0/24, or a DNS name.', 253),
  );
  const host = text(raw, 300);
  if (host.startsWith('[')) throw new BadValue('must be written without brackets');
  if (host.includes('/')) return cidr(host);
  if (isIP(host) !== 0 && !host.includes('%')) return host;
  return dnsName(host);
}

function cidr(written: string): string {
  const [address = '', prefix = ''] = written.split('/', 2);
  const version = isIP(address);
  if (version === 0 || address.includes('%') || written.split('/').length !== 2) {
    throw new BadValue('must be an address, a CIDR such as 10.0.5.0/24, or a DNS name');
  }
  const maxBits = version === 4 ? 32 : 128;
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > maxBits) {
    throw new BadValue(`must have a prefix length from 0 to ${maxBits}`);
  }
  const kind = version === 4 ? ipaddr.IPv4 : ipaddr.IPv6;
  const network = kind.networkAddressFromCIDR(written).toString();
  if (network !== ipaddr.parse(address).toString()) {
    throw new BadValue(`has host bits set; the network is ${network}/${prefix}, the single host ${address}`);
  }
  return written;
}

function dnsName(host: string): string {
  if (/[^\x20-\x7e]/.test(host)) {
    const ascii = domainToASCII(host);
    throw new BadValue(`must be ASCII${ascii === '' ? '' : `; this name is written ${ascii} in DNS`}`);
  }
  if (host.includes('*')) throw new BadValue('must not hold a wildcard; name each host, or give a CIDR');
  if (host.includes(':')) throw new BadValue('must not hold a port; ports have a key of their own');
  if (host.endsWith('.')) throw new BadValue('must not end with a dot');
  const labels = host.split('.');
  const isName = labels.every((label) => /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/.test(label));
  // Old resolvers read 10.1, 010.0.0.1 and 0x0a000001 as addresses, each in its own way (RFC 3986 section 7.4).
  const isNumber = /^(\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? '');
  if (!isName || isNumber || host.length > 253) {
    throw new BadValue('must be an address, a CIDR such as 10.0.5.0/24, or a DNS name');
  }
  return host;
}

/** Ports of a conduit: a list of numbers, ranges and `"*"`, or one of these alone. */
export function portList(raw: unknown): readonly PortRange[] {
  fits(raw, portListForm);
  if (raw === undefined || raw === null) throw new BadValue('is missing');
  const entries: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  if (entries.length === 0) throw new BadValue('is empty, so nothing could be reached');
  if (entries.length > MAX_PORT_ENTRIES) throw new BadValue(`has more than ${MAX_PORT_ENTRIES} entries`);
  return entries.map(portRange);
}

function portListForm(): Form {
  const number = wholeNumberPattern(1, MAX_PORT);
  const pattern = `${number}|${number} ?- ?${number}|\\*`;
  const entry = orNumber(patternForm(pattern, 'A port, a range such as "8080-8089", or "*".'), 1, MAX_PORT);
  const list = { items: entry, minItems: 1, maxItems: MAX_PORT_ENTRIES };
  return { ...entry, ...list, type: ['array', 'integer', 'string'] };
}

function portRange(entry: unknown): PortRange {
  if (entry === '*') return { from: 1, to: MAX_PORT };
  const range = typeof entry === 'string' ? /^(\d{1,5}) ?- ?(\d{1,5})$/.exec(entry) : null;
  const [from, to] = range === null ? [port(entry), port(entry)] : [port(range[1]), port(range[2])];
  if (from > to) throw new BadValue(`has the range ${from}-${to}, which runs backwards; write ${to}-${from}`);
  return { from, to };
}

function port(raw: unknown): number {
  try {
    return wholeNumber(raw, 1, MAX_PORT);
  } catch {
    const shown =
      typeof raw === 'number' || typeof raw === 'string' ? ` (not ${String(raw).slice(0, 20)})` : '';
    throw new BadValue(`must hold ports from 1 to 65535, ranges such as "8080-8089", or "*"${shown}`);
  }
}

/** Where the admin listener is: `host:port` (port 0 takes any free one), `unix:/path` or `off`. */
export function adminListen(raw: unknown): AdminListen {
  fits(raw, listenForm);
  // YAML 1.1 readers write `off` as false, and so do people.
  if (raw === 'off' || raw === false) return { kind: 'off' };
  const written = text(raw, 300);
  if (written.startsWith('unix:')) return { kind: 'unix', path: socketPath(written.slice('unix:'.length)) };
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(written);
  if (match === null) {
    throw new BadValue('must be host:port, unix:/path or off (IPv6 in brackets: [::1]:7980)');
  }
  const host = match[1] ?? match[2] ?? '';
  if (match[1] !== undefined && isIP(host) !== 6)
    throw new BadValue('has something else than IPv6 in brackets');
  if (isIP(host) === 0) dnsName(host);
  const number = Number(match[3]);
  if (number > MAX_PORT) throw new BadValue('must have a port from 0 to 65535');
  return { kind: 'tcp', host, port: number };
}

function listenForm(): Form {
  const place = `(?:\\[${IPV6}\\]|${IPV4}|${NAME.replaceAll('$', ':')}):${wholeNumberPattern(0, MAX_PORT)}`;
  const path = `unix:/[^\\s]{0,${MAX_SOCKET_PATH_BYTES - 1}}`;
  const form = patternForm(`${place}|${path}|off`, 'host:port (IPv6 in brackets), unix:/path, or off.', 300);
  return { anyOf: [form, { enum: [false] }] };
}

function socketPath(path: string): string {
  if (!path.startsWith('/')) throw new BadValue('must have an absolute path after unix:');
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new BadValue(`must have a socket path of at most ${MAX_SOCKET_PATH_BYTES} bytes`);
  }
  return path;
}
