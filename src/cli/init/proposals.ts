import type { DeviceEndpoints, RemoteEndpoint } from '../../cloud/endpoints.js';
import { normaliseHostname } from '../../cloud/hostname.js';
import { parseAddress } from '../../policy/address.js';
import { GatewayAddresses, reach } from '../../policy/reach.js';
import type { DraftChild, DraftConduit } from './draft.js';
import { checkConduitField, conduitName } from './values.js';

/** An endpoint of the tenant as a conduit that would permit it and nothing else. */
export interface Proposal {
  readonly endpoint: RemoteEndpoint;
  readonly device: Pick<DeviceEndpoints, 'externalId' | 'name' | 'isGateway'>;
  /** In the normal form of a conduit. */
  readonly host: string;
}

/** An endpoint that no conduit can permit. */
export interface Impossible {
  readonly endpoint: RemoteEndpoint;
  /** The rest of a sentence that begins with its host. */
  readonly why: string;
}

export interface Proposals {
  readonly possible: readonly Proposal[];
  readonly impossible: readonly Impossible[];
}

/** More proposals are not shown: who has as many permits networks instead. */
export const MAX_PROPOSALS = 200;

const NO_GATEWAY = new GatewayAddresses({ kind: 'off' }, []);

/** What could be permitted so that the endpoints of these devices work. */
export function proposalsFor(devices: readonly DeviceEndpoints[]): Proposals {
  const possible: Proposal[] = [];
  const impossible: Impossible[] = [];
  for (const device of devices) {
    for (const endpoint of device.endpoints) {
      const host = hostOf(endpoint);
      if (typeof host === 'string') possible.push({ endpoint, device, host });
      else impossible.push({ endpoint, why: host.why });
    }
  }
  return { possible: possible.slice(0, MAX_PROPOSALS), impossible };
}

function hostOf({ hostname, port }: RemoteEndpoint): string | { readonly why: string } {
  const normal = normaliseHostname(hostname.trim());
  if (!normal.ok) return { why: normal.why };
  const host = normal.hostname;
  const why = checkConduitField('host', host) ?? checkConduitField('ports', [port]);
  if (why !== undefined) return { why };
  const address = parseAddress(host);
  const reached = address === undefined ? undefined : reach(address, port, NO_GATEWAY);
  return reached?.kind === 'never' ? { why: `is ${reached.why}, which is never reached` } : host;
}

/** Conduits for the proposals that were chosen, and the children that may use them; equal targets are one conduit. */
export function conduitsFor(
  chosen: readonly Proposal[],
  own: readonly DraftConduit[] = [],
): { readonly conduits: readonly DraftConduit[]; readonly children: readonly DraftChild[] } {
  const taken = new Set(own.map(({ name }) => name));
  const byTarget = new Map<string, DraftConduit>();
  const children = new Map<string, DraftChild>();
  for (const { endpoint, device, host } of chosen) {
    const target = `${host} ${endpoint.port}`;
    const conduit = byTarget.get(target) ?? {
      name: conduitName(endpoint.name, taken),
      host,
      ports: [endpoint.port],
    };
    taken.add(conduit.name);
    byTarget.set(target, conduit);
    if (device.isGateway) continue;
    const { externalId, name } = device;
    const targets = new Set(children.get(externalId)?.targets).add(conduit.name);
    children.set(externalId, { externalId, name, targets: [...targets] });
  }
  return { conduits: [...byTarget.values()], children: [...children.values()] };
}
