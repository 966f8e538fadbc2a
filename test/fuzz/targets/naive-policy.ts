import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/*
 * The policy again, slowly and by other means (node:net's BlockList, arrays of groups): the oracle of the fuzz target.
 * It imports nothing of the product. The gateway is that of the tests: 127.0.0.1/8, 10.0.5.1/24, fd00:5::1/64, its admin
 * listener on 127.0.0.1:7980.
 */

export interface PolicyInput {
  readonly conduits: readonly {
    readonly host: string;
    readonly ports: readonly (readonly [from: number, to: number])[];
  }[];
  readonly hostname: string;
  readonly addresses: readonly string[];
  readonly port: number;
  readonly targets?: readonly string[] | undefined;
}

const MAX_ADDRESSES = 16;

const NEVER = list(
  '0.0.0.0/8 169.254.0.0/16 224.0.0.0/4 240.0.0.0/4 100.100.100.200/32 168.63.129.16/32 10.0.5.255/32 ::/128 fe80::/10 ff00::/8 fd00:ec2::254/128 fd20:ce::254/128',
);
const LOOPBACK = list('127.0.0.0/8 ::1/128');
const OWN = list('10.0.5.1/32 fd00:5::1/128');

/** Name of the conduit and the addresses that are allowed, or undefined. */
export function naiveDecision({
  conduits,
  hostname,
  addresses,
  port,
  targets,
}: PolicyInput): { conduit: string; addresses: string[] } | undefined {
  const reachable = [
    ...new Set(addresses.filter((text) => isIP(text) !== 0 && !text.includes('%')).map(canonical)),
  ].filter((text) => reachOf(text, port) !== 'never');
  for (const [index, { host, ports }] of conduits.entries()) {
    if (!ports.some(([from, to]) => from <= port && port <= to)) continue;
    const allowed = reachable
      .filter((text) => covers(host, hostname, text))
      .filter((text) => reachOf(text, port) === 'open' || names(host, text));
    if (allowed.length === 0 || (targets !== undefined && !targets.includes(`c${index}`))) continue;
    return { conduit: `c${index}`, addresses: allowed.slice(0, MAX_ADDRESSES) };
  }
  return undefined;
}

function reachOf(text: string, port: number): 'open' | 'named' | 'never' {
  if (text === '127.0.0.1' && port === 7_980) return 'never';
  const within = (one: BlockList): boolean => one.check(text, isIP(text) === 4 ? 'ipv4' : 'ipv6');
  if (within(NEVER)) return 'never';
  if (within(LOOPBACK)) return 'named';
  const inner = carried(text);
  if (inner !== undefined) return reachOf(inner, port) === 'open' ? 'open' : 'never';
  return within(OWN) ? 'named' : 'open';
}

function covers(host: string, hostname: string, text: string): boolean {
  const network = networkOf(host);
  if (network === undefined) return nameOf(host) === hostname;
  const one = new BlockList();
  one.addSubnet(network.address, network.prefix, network.family);
  return network.family === familyOf(text) && one.check(text, network.family);
}

/** The conduit names this address alone, or is about loopback only. */
function names(host: string, text: string): boolean {
  const network = networkOf(host);
  if (network === undefined) return /(^|\.)localhost$/.test(nameOf(host));
  if (network.prefix === (network.family === 'ipv4' ? 32 : 128)) return true;
  return network.family === 'ipv4' && network.prefix >= 8 && text.startsWith('127.');
}

function networkOf(host: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } | undefined {
  const [written = '', digits] = host.split('/');
  if (isIP(written) === 0) return undefined;
  const address = canonical(written);
  const family = familyOf(address);
  const mapped = written.includes(':') && family === 'ipv4' ? 96 : 0;
  return {
    address,
    family,
    prefix: digits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(digits) - mapped,
  };
}

function familyOf(text: string): 'ipv4' | 'ipv6' {
  return isIP(text) === 4 ? 'ipv4' : 'ipv6';
}

function nameOf(host: string): string {
  return (/^[\0-\x7f]*$/.test(host) ? host : domainToASCII(host)).toLowerCase().replace(/\.$/, '');
}

/** As a URL parser writes it; an IPv4 address in an IPv6 one is that IPv4 address. */
function canonical(text: string): string {
  if (isIP(text) === 4) return text;
  const groups = groupsOf(text);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return dotted(groups.slice(6));
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

function groupsOf(text: string): number[] {
  const short = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const [head = '', tail] = short.split('::');
  const numbers = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  if (tail === undefined) return numbers(head);
  const [before, behind] = [numbers(head), numbers(tail)];
  return [...before, ...Array<number>(8 - before.length - behind.length).fill(0), ...behind];
}

/** The IPv4 address that an IPv6 address of a transition mechanism leads to. */
function carried(text: string): string | undefined {
  if (isIP(text) !== 6) return undefined;
  const groups = groupsOf(text);
  const begins = (...start: number[]): boolean => start.every((group, index) => groups[index] === group);
  if (begins(0x64, 0xff9b, 0, 0, 0, 0) || begins(0x64, 0xff9b, 1)) return dotted(groups.slice(6));
  if (begins(0x2002)) return dotted(groups.slice(1, 3));
  if (begins(0x2001, 0)) return dotted(groups.slice(6).map((group) => group ^ 0xffff));
  if (begins(0, 0, 0, 0, 0xffff, 0) || begins(0, 0, 0, 0, 0, 0)) return dotted(groups.slice(6));
  return undefined;
}

function dotted([high = 0, low = 0]: readonly number[]): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

function list(networks: string): BlockList {
  const result = new BlockList();
  for (const network of networks.split(' ')) {
    const [address = '', prefix] = network.split('/');
    result.addSubnet(address, Number(prefix), familyOf(address));
  }
  return result;
}
