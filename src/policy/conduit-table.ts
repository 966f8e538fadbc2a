import { domainToASCII } from 'node:url';
import type { Conduit } from '../config/config.js';
import { networkOf, parseNetwork, type Address, type Network } from './address.js';
import { namesOwn } from './reach.js';
import { TimeZones, type TimeZone } from './time-zone.js';
import { Window } from './window.js';

/** A conduit with its host understood. */
export interface PreparedConduit {
  readonly conduit: Conduit;
  /** Its place in the file, counted from 0; the first that matches decides. */
  readonly index: number;
  readonly host:
    | { readonly kind: 'network'; readonly network: Network }
    | { readonly kind: 'name'; readonly name: string };
  /** When it may be used; undefined = always. */
  readonly window: Window | undefined;
  /** Whose clocks it goes by. */
  readonly zone: TimeZone;
}

/** A conduit whose host matches, with the addresses that it matches. */
export interface Candidate {
  readonly prepared: PreparedConduit;
  readonly addresses: readonly Address[];
}

/**
 * The conduits of a configuration, indexed by host: a lookup costs one map access per address and prefix length in
 * use, however many conduits there are.
 */
export class ConduitTable {
  readonly all: readonly PreparedConduit[];
  readonly #byConduit: ReadonlyMap<Conduit, PreparedConduit>;
  readonly #conduits: ReadonlyMap<string, Conduit>;
  readonly #byName = new Map<string, PreparedConduit[]>();
  readonly #byNetwork = { 4: new Map<number, Buckets>(), 6: new Map<number, Buckets>() };

  /** @throws RangeError when the host of a conduit is neither an address, a CIDR nor a DNS name. */
  constructor(conduits: readonly Conduit[]) {
    const zones = new TimeZones();
    this.all = conduits.map((conduit, index) => prepare(conduit, index, zones));
    this.#byConduit = new Map(this.all.map((prepared) => [prepared.conduit, prepared]));
    this.#conduits = new Map(conduits.map((conduit) => [conduit.name, conduit]));
    for (const prepared of this.all) this.#add(prepared);
  }

  /** When a conduit of this table may be used; undefined = always. */
  windowOf(conduit: Conduit): Window | undefined {
    return this.#byConduit.get(conduit)?.window;
  }

  /** Names are unique in a configuration. */
  named(name: string): Conduit | undefined {
    return this.#conduits.get(name);
  }

  #add(prepared: PreparedConduit): void {
    if (prepared.host.kind === 'name') {
      append(this.#byName, prepared.host.name, prepared);
      return;
    }
    const { family, prefix, value } = prepared.host.network;
    const buckets = this.#byNetwork[family].get(prefix) ?? new Map<bigint, PreparedConduit[]>();
    this.#byNetwork[family].set(prefix, buckets);
    append(buckets, value, prepared);
  }

  /** The conduits whose host matches the name or any of the addresses, in file order. */
  candidates(hostname: string, addresses: readonly Address[]): Candidate[] {
    const found = new Map<PreparedConduit, readonly Address[]>();
    for (const prepared of this.#byName.get(hostname) ?? []) found.set(prepared, addresses);
    for (const address of addresses) {
      for (const [prefix, buckets] of this.#byNetwork[address.family]) {
        for (const prepared of buckets.get(networkOf(address, prefix).value) ?? []) {
          found.set(prepared, [...(found.get(prepared) ?? []), address]);
        }
      }
    }
    return [...found]
      .map(([prepared, matched]) => ({ prepared, addresses: matched }))
      .sort((a, b) => a.prepared.index - b.prepared.index);
  }
}

type Buckets = Map<bigint, PreparedConduit[]>;

function append<K>(map: Map<K, PreparedConduit[]>, key: K, prepared: PreparedConduit): void {
  const bucket = map.get(key);
  if (bucket === undefined) map.set(key, [prepared]);
  else bucket.push(prepared);
}

function prepare(conduit: Conduit, index: number, zones: TimeZones): PreparedConduit {
  const zone = zones.get(conduit.timeZone);
  const window = conduit.window === undefined ? undefined : new Window(conduit.window.times, zone);
  return { conduit, index, host: hostOf(conduit), window, zone };
}

function hostOf(conduit: Conduit): PreparedConduit['host'] {
  const network = parseNetwork(conduit.host);
  if (network !== undefined) return { kind: 'network', network };
  const name = conduitName(conduit.host);
  if (name !== undefined) return { kind: 'name', name };
  throw new RangeError(
    `The host ${JSON.stringify(conduit.host)} of ${whereIs(conduit)} is neither an address (10.0.5.7), ` +
      'a network (10.0.5.0/24, with no bits behind the prefix) nor a DNS name (plc-1.plant.example).',
  );
}

/** The normal form of a name in the configuration, as operations have it; undefined when it is no DNS name. */
function conduitName(host: string): string | undefined {
  if (/[^\p{L}\p{M}0-9._-]/u.test(host)) return undefined;
  const name = (/[^\0-\x7F]/.test(host) ? domainToASCII(host) : host).toLowerCase().replace(/\.$/, '');
  const isName = /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.(?!$)|$))+$/.test(name);
  return isName && !/(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(name) ? name : undefined;
}

/**
 * Whether a conduit names an address that leads to the gateway itself. A plant's DNS must not be able to open the
 * gateway, so of names only `localhost` does.
 */
export function namesGateway({ host }: PreparedConduit, address: Address): boolean {
  if (host.kind === 'network') return namesOwn(host.network, address);
  return host.name === 'localhost' || host.name.endsWith('.localhost');
}

/** `conduit "plc" (gatehouse.yaml:12)`, for sentences. */
export function whereIs({ name, source }: Conduit): string {
  return `conduit "${name}" (${source.file}:${source.line})`;
}

/** The ports of a conduit for a sentence: `5900, 8080-8089`. */
export function portsOf({ ports }: Conduit): string {
  const texts = ports.slice(0, 8).map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`));
  return ports.length > 8 ? `${texts.join(', ')} and more` : texts.join(', ');
}
