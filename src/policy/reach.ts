import type { AdminListen } from '../config/config.js';
import {
  BITS,
  carriedIpv4,
  classOf,
  contains,
  networkOf,
  parseAddress,
  type Address,
  type AddressClass,
  type Network,
} from './address.js';

/** Whether an address may be reached at all, before any conduit is looked at. */
export type Reach =
  /** A conduit whose range contains it is enough. */
  | { readonly kind: 'open' }
  /** Leads to this gateway itself: the conduit has to name it. `why` completes "10.0.5.1 is …". */
  | { readonly kind: 'named'; readonly why: string }
  /** Never, whatever a conduit says. `why` completes "0.0.0.0 is …". */
  | { readonly kind: 'never'; readonly why: string };

const CLASS_NAMES: Record<Exclude<AddressClass, 'ordinary'>, string> = {
  loopback: 'a loopback address',
  unspecified: 'the unspecified address',
  'this-network': 'an address of "this network" (0.0.0.0/8)',
  'link-local': 'a link-local address',
  multicast: 'a multicast address',
  broadcast: 'a broadcast address',
  reserved: 'a reserved address (240.0.0.0/4)',
  'cloud-metadata': 'the address of a cloud metadata service',
};

/** What a gateway is reached under itself, prepared for `reach`. Make a new one when its addresses change. */
export class GatewayAddresses {
  readonly #own: readonly { address: Address; prefix: number }[];
  readonly #admin: AdminListen;

  /**
   * @param adminListen where the admin listener is.
   * @param ownAddresses addresses of the network interfaces, with the prefix where known (`10.0.5.1/24`), as in `cidr`
   * of os.networkInterfaces(). What is no address is passed over.
   */
  constructor(adminListen: AdminListen, ownAddresses: readonly string[]) {
    this.#admin = adminListen;
    this.#own = ownAddresses.flatMap((text) => {
      const [, host = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
      const address = parseAddress(host);
      if (address === undefined) return [];
      const bits = BITS[address.family];
      return [{ address, prefix: Math.min(Number(digits ?? bits), bits) }];
    });
  }

  owns(address: Address): boolean {
    return this.#own.some((own) => isSame(own.address, address));
  }

  /** Broadcast address of a network of this gateway. /31 and /32 have none (RFC 3021). */
  isBroadcast(address: Address): boolean {
    return this.#own.some(({ address: own, prefix }) => {
      if (own.family !== 4 || address.family !== 4 || prefix > 30) return false;
      const hosts = (1n << BigInt(32 - prefix)) - 1n;
      return contains(networkOf(own, prefix), address) && (address.value & hosts) === hosts;
    });
  }

  /** A listener on an unspecified address or under a name is taken to be on every address of the gateway. */
  isAdminListener(address: Address, port: number): boolean {
    if (this.#admin.kind !== 'tcp' || this.#admin.port !== port) return false;
    const listen = parseAddress(this.#admin.host.replace(/^\[(.*)\]$/, '$1'));
    if (listen !== undefined && classOf(listen) !== 'unspecified') return isSame(listen, address);
    return classOf(address) === 'loopback' || this.owns(address);
  }
}

/**
 * Whether `address` may be reached. An IPv6 address that leads to an IPv4 one (NAT64, 6to4, Teredo …) is never reached
 * where that one would not be open.
 */
export function reach(address: Address, port: number, gateway: GatewayAddresses): Reach {
  if (gateway.isAdminListener(address, port)) {
    return { kind: 'never', why: 'the admin listener of this gateway' };
  }
  const carried = carriedIpv4(address);
  if (carried !== undefined) {
    const inner = reach(carried.address, port, gateway);
    if (inner.kind === 'open') return inner;
    const why = `the ${carried.mechanism} form of ${carried.address.text}, ${inner.why}`;
    return { kind: 'never', why };
  }
  const kind = classOf(address);
  if (kind === 'loopback') return { kind: 'named', why: CLASS_NAMES.loopback };
  if (kind !== 'ordinary') return { kind: 'never', why: CLASS_NAMES[kind] };
  if (gateway.isBroadcast(address)) return { kind: 'never', why: 'the broadcast address of a local network' };
  if (gateway.owns(address)) return { kind: 'named', why: 'an address of this gateway itself' };
  return { kind: 'open' };
}

/**
 * Whether a network names an address that leads to this gateway: as that address alone or, for loopback, as a network
 * of loopback addresses. A wide network that happens to contain it does not.
 */
export function namesOwn(network: Network, address: Address): boolean {
  if (!contains(network, address)) return false;
  return network.prefix === BITS[network.family] || contains(LOOPBACK, network);
}

/** No network that is wider has a value inside: its bits behind the prefix are 0. */
const LOOPBACK: Network = { family: 4, prefix: 8, value: 0x7f00_0000n };

function isSame(a: Address, b: Address): boolean {
  return a.family === b.family && a.value === b.value;
}
