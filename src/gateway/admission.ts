import type { Cloud } from '../cloud/cloud.js';
import type { Config } from '../config/config.js';
import { policyOf } from './policy.js';
import { Resolver } from '../names/resolver.js';
import type { AdmissionParts, Device } from '../supervisor/admission.js';
import { Tunnels } from '../tunnels.js';

interface Surroundings extends Pick<AdmissionParts, 'shortage' | 'switchedOff'> {
  /** The one in force now. */
  readonly config: () => Config;
  readonly cloud: Cloud;
}

/** What the decision about an operation looks at, and what it opens a tunnel with. */
export function admissionParts({ config, cloud, shortage, switchedOff }: Surroundings): AdmissionParts {
  const { cloud: ways, admin } = config();
  const resolver = new Resolver();
  const tunnels = new Tunnels({ cloud: ways, credentials: cloud.credentials, resolver });
  return {
    policy: policyOf(config(), admin.listen),
    deviceOf: (deviceId) => deviceOf(deviceId, cloud, config()),
    resolve: (hostname) => resolver.resolve(hostname),
    tunnel: (connectionKey) => tunnels.open(connectionKey),
    renewed: (tunnel) => tunnels.renewed(tunnel),
    shortage,
    switchedOff,
    cloudNow: () => cloud.clock.now(),
  };
}

/** The gateway or one of its children; a child as the configuration has it now, with the targets it may reach. */
function deviceOf(deviceId: string, cloud: Cloud, config: Config): Device | undefined {
  const device = cloud.device(deviceId);
  if (device === undefined) return undefined;
  if (device.child === undefined) return { kind: 'gateway' };
  const { externalId } = device.child;
  const child = config.device.children.find((one) => one.externalId === externalId) ?? device.child;
  return { kind: 'child', child };
}
