import type { StatusUpdate } from './intake.js';
import { paceOf, sentenceOf } from './link-error.js';
import type { MqttUplink } from './mqtt-uplink.js';
import { statusLine } from './smartrest.js';
import type { Delivery, StatusTransport } from './status-transport.js';

export interface MqttStatusOptions {
  readonly uplink: MqttUplink;
  /** The topic of a device's own statuses; undefined when it cannot have one. */
  readonly topicOf: (deviceId: string) => string | undefined;
  /** Takes the statuses of devices without a topic, and all of them once the link was given up to another process. */
  readonly otherwise: StatusTransport;
}

/** Statuses by SmartREST 504, 505 and 506, delivered when the broker has acknowledged them. */
export class MqttStatus implements StatusTransport {
  readonly #options: MqttStatusOptions;

  constructor(options: MqttStatusOptions) {
    this.#options = options;
  }

  /** Waits for the link when it is down: our outbox keeps the status, not the library's queue. */
  async send(update: StatusUpdate, signal: AbortSignal): Promise<Delivery> {
    const topic = this.#options.topicOf(update.deviceId);
    if (topic === undefined) return this.#options.otherwise.send(update, signal);
    const link = await this.#options.uplink.current(signal);
    if (link === undefined) {
      if (!signal.aborted) return this.#options.otherwise.send(update, signal);
      return { kind: 'retry', why: 'the agent stops', pace: { kind: 'normal' }, everything: true };
    }
    try {
      await link.publish(topic, statusLine(update));
      return { kind: 'delivered' };
    } catch (error) {
      return { kind: 'retry', why: sentenceOf(error), pace: paceOf(error), everything: true };
    }
  }
}

/**
 * Where the statuses of a device go: an operation id is looked up in the context of the topic's device only.
 * Undefined for a child whose external id cannot be part of a topic.
 */
export function statusTopic(device: {
  readonly externalId: string;
  readonly child?: unknown;
}): string | undefined {
  if (device.child === undefined) return 's/us';
  return /[/+#\p{Cc}]/u.test(device.externalId) ? undefined : `s/us/${device.externalId}`;
}
