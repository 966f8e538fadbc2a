import type { Config } from '../config/config.js';
import type { Backoff } from './backoff.js';
import { EventOutbox } from './event-outbox.js';
import type { EventJournal, EventTransport } from './event.js';
import { MqttEvents } from './event-mqtt.js';
import { RestEvents } from './event-rest.js';
import type { Log } from './log.js';
import type { MqttUplink } from './mqtt-uplink.js';
import type { RestClient } from './rest-client.js';

export interface EventsOptions {
  readonly config: Pick<Config, 'intake' | 'device'>;
  readonly rest: RestClient;
  readonly uplink: MqttUplink;
  /** External id of a device that is ours. */
  readonly externalIdOf: (deviceId: string) => string | undefined;
  readonly journal: EventJournal | undefined;
  readonly backoff: Backoff;
  readonly log: Log;
}

/** The outbox of events, with the way that the configured intake has to the cloud. */
export function createEvents(options: EventsOptions): EventOutbox {
  const { rest, journal, backoff, log } = options;
  const overRest = new RestEvents(rest);
  return new EventOutbox({
    transport: transportOf(options, overRest),
    journal,
    look: (event, signal) => overRest.look(event, signal),
    backoff,
    log,
  });
}

function transportOf({ config, uplink, externalIdOf }: EventsOptions, rest: RestEvents): EventTransport {
  if (config.intake.kind !== 'mqtt') return rest;
  const sourceOf = (deviceId: string) => {
    const externalId = externalIdOf(deviceId);
    return externalId === undefined ? undefined : { externalId, type: config.device.externalIdType };
  };
  return new MqttEvents({ uplink, sourceOf, otherwise: rest });
}
