import type { Config } from '../config/config.js';
import type { CurrentCredentials } from './authorization.js';
import type { CloudClock } from './cloud-clock.js';
import type { CloudOptions } from './cloud-options.js';
import { DeviceSide } from './device-side.js';
import type { CloudDevice } from './devices.js';
import type { EventOutbox } from './event-outbox.js';
import type { Intake, StatusReporter } from './intake.js';
import type { RestClient } from './rest-client.js';
import type { StatusOutbox } from './status-outbox.js';
import { ThinEdgeSide } from './thin-edge/thin-edge-side.js';

export type { CloudOptions } from './cloud-options.js';

/** The device side of Cumulocity. */
export interface Cloud {
  /**
   * `start` provisions the devices and connects. After `stop` nothing more is delivered, but statuses still go out
   * until `close`.
   */
  readonly intake: Intake;
  /** Logs in and provisions the devices, without a subscription. @throws RestError when the cloud does not let us. */
  prepare(signal: AbortSignal): Promise<void>;
  /**
   * Gives every control connection up, so that another process can have it; statuses go out over REST from then on.
   * `intake.start` takes it back.
   */
  release(): Promise<void>;
  readonly status: StatusReporter & Pick<StatusOutbox, 'resume'>;
  /** Events for the cloud; they are kept until `open`. */
  readonly events: EventOutbox;
  readonly rest: RestClient;
  readonly credentials: CurrentCredentials;
  /** Takes over the credentials of a reloaded configuration. */
  renew(cloud: Config['cloud']): void;
  /** The cloud's clock, by which the age of operations is judged. */
  readonly clock: CloudClock;
  /** The managed-object id of the gateway; undefined until it was found or created. */
  gatewayId(): string | undefined;
  /** The gateway or one of its children, by managed-object id; undefined for devices that are not ours. */
  device(deviceId: string): CloudDevice | undefined;
  /** Ends every connection. Statuses that the cloud does not have by now are given up: flush them before. */
  close(): Promise<void>;
}

/** @throws Error when MQTT is configured with credentials that it cannot use. */
export function createCloud(options: CloudOptions): Cloud {
  const { config } = options;
  if (config.intake.kind !== 'thin-edge') return new DeviceSide(options);
  const { thinEdge, state } = config;
  if (thinEdge === undefined || state === undefined)
    throw new Error('intake thin-edge needs its configuration');
  return new ThinEdgeSide({ ...options, config: { ...config, thinEdge, state } });
}
