import { eventDocument, type CloudEvent, type EventTransport } from './event.js';
import { paceOf, sentenceOf } from './link-error.js';
import type { MqttUplink } from './mqtt-uplink.js';
import type { Delivery } from './status-transport.js';

/** JSON via MQTT: SmartREST's own 400 has no room for facts. */
const TOPIC = 'event/events/create';

export interface MqttEventsOptions {
  readonly uplink: MqttUplink;
  /** External id and type of a device; undefined when it is not ours. */
  readonly sourceOf: (deviceId: string) => { readonly externalId: string; readonly type: string } | undefined;
  /** Takes the events while there is no link, and those of devices that are not ours. */
  readonly otherwise: EventTransport;
}

/** Events by JSON via MQTT, delivered when the broker has acknowledged them. */
export class MqttEvents implements EventTransport {
  readonly #options: MqttEventsOptions;

  constructor(options: MqttEventsOptions) {
    this.#options = options;
  }

  async send(event: CloudEvent, signal: AbortSignal): Promise<Delivery> {
    const { uplink, sourceOf, otherwise } = this.#options;
    const source = sourceOf(event.deviceId);
    if (source === undefined || !uplink.isUp) return otherwise.send(event, signal);
    const link = await uplink.current(signal);
    if (link === undefined) return otherwise.send(event, signal);
    try {
      await link.publish(TOPIC, JSON.stringify({ externalSource: source, ...eventDocument(event) }));
      return { kind: 'delivered' };
    } catch (error) {
      return { kind: 'retry', why: sentenceOf(error), pace: paceOf(error), everything: true };
    }
  }
}
