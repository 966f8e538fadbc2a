import type { Config } from '../../config/config.js';
import type { CloudDevice } from '../devices.js';
import { statusTopic } from '../mqtt-status.js';
import type { BridgeTopics } from './bridge-topics.js';
import type { DeviceDirectory } from './device-directory.js';

/** The devices that we serve, by managed-object id, as far as operations have named them. */
export class ServedDevices {
  constructor(
    private readonly directory: DeviceDirectory,
    private readonly topics: BridgeTopics,
    private readonly config: Config['device'],
  ) {}

  /** The gateway or one of its children; undefined for a device that the configuration does not name. */
  device(deviceId: string): CloudDevice | undefined {
    const externalId = this.directory.externalId(deviceId);
    if (externalId === undefined) return undefined;
    if (externalId === this.config.externalId) return { externalId };
    const child = this.config.children.find((one) => one.externalId === externalId);
    return child === undefined ? undefined : { externalId, child };
  }

  /** A device whose external id is not known can only be the gateway: an operation for a child names it. */
  externalId(deviceId: string): string {
    return this.directory.externalId(deviceId) ?? this.config.externalId;
  }

  /** Where the statuses of a device go, served or not; undefined when its external id cannot be part of a topic. */
  statusTopic(deviceId: string): string | undefined {
    const externalId = this.externalId(deviceId);
    const isGateway = externalId === this.config.externalId;
    const topic = statusTopic(isGateway ? { externalId } : { externalId, child: externalId });
    return topic === undefined ? undefined : this.topics.local(topic);
  }
}
