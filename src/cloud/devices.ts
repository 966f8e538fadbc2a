import type { ChildConfig, Config } from '../config/config.js';
import type { Log } from './log.js';
import type { ManagedObjects } from './managed-objects.js';
import { RestError } from './rest-error.js';

/** Children that are provisioned at a time. One after the other would take minutes for hundreds. */
const PARALLEL_CHILDREN = 4;

/** A device in the cloud that operations may be for. */
export interface CloudDevice {
  readonly externalId: string;
  /** Present for a device behind the gateway. */
  readonly child?: ChildConfig;
}

/** The gateway and its children as the cloud knows them. */
export interface ProvisionedDevices {
  readonly gatewayId: string;
  /** By managed-object id; the gateway is in it too. */
  readonly devices: ReadonlyMap<string, CloudDevice>;
}

/**
 * Finds the gateway and its children in the cloud, creates what is missing and links children to the gateway.
 * A child that the cloud refuses is logged and left out. @throws RestError when the gateway cannot be provided, or
 * when the cloud cannot be reached.
 */
export async function provision(options: {
  readonly objects: ManagedObjects;
  readonly device: Config['device'];
  readonly log: Log;
  readonly signal: AbortSignal;
}): Promise<ProvisionedDevices> {
  const { objects, device, log, signal } = options;
  const gatewayId = await objects.ensure({ ...device, role: 'gateway' }, signal);
  const devices = new Map<string, CloudDevice>([[gatewayId, { externalId: device.externalId }]]);
  if (device.children.length === 0) return { gatewayId, devices };

  const linked = await objects.childrenOf(gatewayId, signal);
  const waiting = [...device.children];
  const provisionNext = async (): Promise<void> => {
    for (let child = waiting.shift(); child !== undefined; child = waiting.shift()) {
      try {
        const id = await objects.ensure({ ...child, role: 'child' }, signal);
        if (!linked.has(id)) await objects.link(gatewayId, id, signal);
        devices.set(id, { externalId: child.externalId, child });
      } catch (error) {
        if (!concernsOneDevice(error)) throw error;
        log.error({ externalId: child.externalId, cause: error.message }, 'the cloud refuses a child device');
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_CHILDREN }, provisionNext));
  return { gatewayId, devices };
}

/** Refused as such, not for want of a connection, of credentials or of capacity. */
function concernsOneDevice(error: unknown): error is RestError {
  if (!(error instanceof RestError) || error.status === undefined) return false;
  return error.status >= 400 && error.status < 500 && ![401, 408, 429].includes(error.status);
}
