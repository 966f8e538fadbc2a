import ipaddr from 'ipaddr.js';
import { withoutDottedEnd } from '../../contract/ipv6-text.js';

/** An IPv4 or IPv6 address as a number, so that ranges can be compared. IPv4-mapped IPv6 is held as IPv4. */
export interface Address {
  /** Canonical: dotted decimal, or IPv6 as in RFC 5952. This is what is dialled. */
  readonly text: string;
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** The addresses that share their first `prefix` bits; a single address has all 32 or 128. */
export interface Network {
  readonly family: 4 | 6;
  readonly prefix: number;
  /** The shared bits, the others being 0. */
  readonly value: bigint;
}

export type AddressClass =
  | 'ordinary'
  | 'loopback'
  | 'unspecified'
  | 'this-network'
  | 'link-local'
  | 'multicast'
  | 'broadcast'
  | 'reserved'
  | 'cloud-metadata';

/** Bits of an address of each family. */
export const BITS = { 4: 32, 6: 128 } as const;

const DOTTED_DECIMAL = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** The address that `text` is, or undefined: no names, no zone ids, no octal or shortened IPv4. */
export function parseAddress(text: string): Address | undefined {
  if (DOTTED_DECIMAL.test(text)) return ipv4(BigInt(ipv4Number(text)));
  const isPlain = /^[0-9a-f:]+(?:(?<=:)[0-9.]+)?$/i.test(text) && text.includes(':');
  const tail = /[0-9.]+\.[0-9.]+$/.exec(text)?.[0];
  if (!isPlain || (tail !== undefined && !DOTTED_DECIMAL.test(tail)) || !ipaddr.IPv6.isValid(text)) {
    return undefined;
  }
  const parsed = ipaddr.IPv6.parse(withoutDottedEnd(text));
  const value = parsed.parts.reduce((sum, part) => (sum << 16n) | BigInt(part), 0n);
  if (contains(MAPPED, { family: 6, value })) return ipv4(value & 0xffff_ffffn);
  return { text: parsed.toRFC5952String(), family: 6, value };
}

function ipv4Number(text: string): number {
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function ipv4(value: bigint): Address {
  const parts = [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn);
  return { text: parts.join('.'), family: 4, value };
}

/**
 * The network that `text` is: `address` or `address/prefix`. undefined for anything else, also when bits behind the
 * prefix are set (`10.0.0.1/8`): which of the two was meant must not be guessed.
 */
export function parseNetwork(text: string): Network | undefined {
  const [, host = '', digits] = /^([^/]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const address = parseAddress(host);
  if (address === undefined) return undefined;
  const bits = BITS[address.family];
  // A prefix written for the mapped form counts from the first of its 128 bits.
  const unwrapped = address.family === 4 && host.includes(':') ? 96 : 0;
  const prefix = digits === undefined ? bits : Number(digits) - unwrapped;
  if (prefix < 0 || prefix > bits) return undefined;
  const network = networkOf(address, prefix);
  return network.value === address.value ? network : undefined;
}

/** The network of `prefix` bits around an address. */
export function networkOf({ family, value }: Pick<Address, 'family' | 'value'>, prefix: number): Network {
  const rest = BigInt(BITS[family] - prefix);
  return { family, prefix, value: (value >> rest) << rest };
}

export function contains(network: Network, { family, value }: Pick<Address, 'family' | 'value'>): boolean {
  const rest = BigInt(BITS[network.family] - network.prefix);
  return network.family === family && network.value >> rest === value >> rest;
}

const MAPPED: Network = { family: 6, prefix: 96, value: 0xffff_0000_0000n };

/** The first row that contains an address gives its class (IANA special-purpose registries, RFC 6890). */
const CLASSES: readonly (readonly [Network, AddressClass])[] = (
  [
    ['0.0.0.0', 'unspecified'],
    ['0.0.0.0/8', 'this-network'],
    ['127.0.0.0/8', 'loopback'],
    ['169.254.0.0/16', 'link-local'],
    ['224.0.0.0/4', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['240.0.0.0/4', 'reserved'],
    // Metadata services outside the link-local ranges: Alibaba Cloud, Azure, AWS and Google over IPv6.
    ['100.100.100.200', 'cloud-metadata'],
    ['168.63.129.16', 'cloud-metadata'],
    ['fd00:ec2::254', 'cloud-metadata'],
    ['fd20:ce::254', 'cloud-metadata'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['fe80::/10', 'link-local'],
    ['ff00::/8', 'multicast'],
  ] as const
).map(([text, kind]) => [known(text), kind]);

/** IPv6 ranges whose addresses lead to an IPv4 address, and how many bits stand behind that one. */
const CARRIERS: readonly { range: Network; name: string; rest: bigint; inverted?: true }[] = [
  { range: known('64:ff9b::/96'), name: 'NAT64', rest: 0n },
  { range: known('64:ff9b:1::/48'), name: 'NAT64', rest: 0n },
  { range: known('2002::/16'), name: '6to4', rest: 80n },
  // RFC 4380: the client's address is at the end, with every bit inverted.
  { range: known('2001::/32'), name: 'Teredo', rest: 0n, inverted: true },
  { range: known('::ffff:0:0:0/96'), name: 'IPv4-translated', rest: 0n },
  { range: known('::/96'), name: 'IPv4-compatible', rest: 0n },
];

function known(text: string): Network {
  const network = parseNetwork(text);
  if (network === undefined) throw new Error(`${text} is no network`);
  return network;
}

/** The class of an address, without a look at what it may carry. */
export function classOf(address: Address): AddressClass {
  return CLASSES.find(([network]) => contains(network, address))?.[1] ?? 'ordinary';
}

/** The IPv4 address that an IPv6 address of a transition mechanism leads to; undefined for any other. */
export function carriedIpv4(address: Address): { address: Address; mechanism: string } | undefined {
  if (classOf(address) !== 'ordinary') return undefined;
  const carrier = CARRIERS.find(({ range }) => contains(range, address));
  if (carrier === undefined) return undefined;
  const bits = (address.value >> carrier.rest) & 0xffff_ffffn;
  return {
    address: ipv4(carrier.inverted ? bits ^ 0xffff_ffffn : bits),
    mechanism: carrier.name,
  };
}
