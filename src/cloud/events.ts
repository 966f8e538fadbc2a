import type { Config } from '../config/config.js';
import type { Backoff } from './backoff.js';
import { EventOutbox } from './event-outbox.js';
import type { EventJournal, EventTransport } from './event.js';
import { EVENT_TOPIC, MqttEvents } from './event-mqtt.js';
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
  /** The cloud's clock, in ms since 1970. */
  readonly now: () => number;
}

/** The outbox of events, with the way that the configured intake has to the cloud. */
export function createEvents(options: EventsOptions): EventOutbox {
  const { rest, journal, backoff, log, now } = options;
  const overRest = new RestEvents(rest, now);
  return new EventOutbox({
    transport: transportOf(options, overRest),
    journal,
    look: (event, signal) => overRest.look(event, signal),
    backoff,
    log,
  });
}

/**
 * The outbox of events of a gateway that has nothing but a broker: nobody can be asked there, so an event that may have
 * been sent is sent again.
 */
export function createBrokerEvents(
  options: Pick<EventsOptions, 'uplink' | 'journal' | 'backoff' | 'log'> & {
    readonly topic: string;
    readonly sourceOf: (deviceId: string) => { readonly externalId: string; readonly type: string };
  },
): EventOutbox {
  const { uplink, topic, sourceOf, journal, backoff, log } = options;
  return new EventOutbox({
    transport: new MqttEvents({ uplink, sourceOf, topic, otherwise: undefined }),
    journal,
    look: () => Promise.resolve({ kind: 'absent' }),
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
  return new MqttEvents({ uplink, sourceOf, topic: EVENT_TOPIC, otherwise: rest });
}
