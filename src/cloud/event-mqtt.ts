import { eventDocument, type CloudEvent, type EventTransport } from './event.js';
import { paceOf, sentenceOf } from './link-error.js';
import type { MqttUplink } from './mqtt-uplink.js';
import type { Delivery } from './status-transport.js';

/** JSON via MQTT: SmartREST's own 400 has no room for facts. */
export const EVENT_TOPIC = 'event/events/create';

export interface MqttEventsOptions {
  readonly uplink: MqttUplink;
  /** External id and type of a device; undefined when it is not ours. */
  readonly sourceOf: (deviceId: string) => { readonly externalId: string; readonly type: string } | undefined;
  /** EVENT_TOPIC as the broker knows it. */
  readonly topic: string;
  /** Takes the events while there is no link, and those of devices that are not ours; undefined: they wait. */
  readonly otherwise: EventTransport | undefined;
}

const NO_LINK: Delivery = {
  kind: 'retry',
  why: 'there is no connection to the broker',
  pace: { kind: 'normal' },
  everything: true,
};

/** Events by JSON via MQTT, delivered when the broker has acknowledged them. */
export class MqttEvents implements EventTransport {
  readonly #options: MqttEventsOptions;

  constructor(options: MqttEventsOptions) {
    this.#options = options;
  }

  async send(event: CloudEvent, signal: AbortSignal): Promise<Delivery> {
    const { uplink, sourceOf, otherwise, topic } = this.#options;
    const source = sourceOf(event.deviceId);
    if (otherwise !== undefined && (source === undefined || !uplink.isUp))
      return otherwise.send(event, signal);
    if (source === undefined) return { kind: 'dropped', why: 'the device is not known' };
    const link = await uplink.current(signal);
    if (link === undefined) return otherwise?.send(event, signal) ?? NO_LINK;
    try {
      await link.publish(topic, JSON.stringify({ externalSource: source, ...eventDocument(event) }));
      return { kind: 'delivered' };
    } catch (error) {
      return { kind: 'retry', why: sentenceOf(error), pace: paceOf(error), everything: true };
    }
  }
}
