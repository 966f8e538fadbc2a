import type { Platform } from '../platform.js';
import { formatRecord } from './csv.js';
import { createJsonEvent } from './events.js';
import type { MqttClientSession } from './client-session.js';
import type { OperationDeliveries } from './operation-deliveries.js';
import { handleSmartRest } from './smartrest.js';
import { publishTopic } from './topics.js';

const UPDATE_OBJECT = /^(?:[tqc]\/)?inventory\/managedObjects\/update\/(.+)$/;

const CREATE_EVENT = /^(?:[tqc]\/)?event\/events\/create$/;

/** A message that a client published. */
export interface UpstreamMessage {
  readonly topic: string;
  readonly payload: string;
  /** MQTT message id; undefined with QoS 0. */
  readonly messageId: number | undefined;
}

/** Carries out what clients publish. Refusals go to `s/e` or `error`; nothing is thrown. */
export class Upstream {
  constructor(
    private readonly platform: Platform,
    private readonly deliveries: OperationDeliveries,
  ) {}

  handle(client: MqttClientSession, message: UpstreamMessage): void {
    const topic = publishTopic(message.topic);
    switch (topic.kind) {
      case 'smartrest':
        this.#smartRest(client, topic.child, message.payload);
        return;
      case 'token':
        this.#token(client);
        return;
      case 'credentials':
        this.#credentials(client);
        return;
      case 'json':
        this.#json(client, message);
        return;
      case 'ignored':
        return;
    }
  }

  #smartRest(client: MqttClientSession, child: string | undefined, text: string): void {
    const sender = {
      identifier: client.identifier,
      owner: client.user.name,
      reply: (line: string) => client.send('s/ds', line),
      refuse: (line: string) => client.send('s/e', line),
      resend: () => this.deliveries.resend(client),
    };
    if (client.user.roles.has('ROLE_DEVICE_BOOTSTRAP')) {
      sender.refuse(formatRecord([41, '', 'Access is denied']));
      return;
    }
    try {
      handleSmartRest(this.platform, sender, child, text);
    } catch (error) {
      sender.refuse(formatRecord([42, '', error instanceof Error ? error.message : String(error)]));
    }
  }

  #token(client: MqttClientSession): void {
    if (client.hasCertificate) {
      client.send('s/dat', formatRecord([71, this.platform.users.issueToken(client.user).value]));
    } else {
      client.send('s/e', formatRecord([41, '', 'MqttAuth: tokens are for devices with a certificate only']));
    }
  }

  #credentials(client: MqttClientSession): void {
    // Credentials are handed out once, so not before somebody listens.
    if (!client.user.roles.has('ROLE_DEVICE_BOOTSTRAP') || !client.isSubscribed('s/dcr')) return;
    const credentials = this.platform.deviceRequests.poll(client.identifier);
    if (credentials === undefined) return;
    const { tenantId, username, password } = credentials;
    client.send('s/dcr', formatRecord([70, tenantId, username, password]));
  }

  /** Alarms and measurements are checked and forgotten; events and inventory updates are carried out. */
  #json(client: MqttClientSession, { topic, payload, messageId }: UpstreamMessage): void {
    try {
      const body: unknown = JSON.parse(payload);
      if (typeof body !== 'object' || body === null) throw new SyntaxError('a JSON object is expected');
      if (CREATE_EVENT.test(topic)) createJsonEvent(this.platform, client, { ...body });
      const device = this.platform.deviceBySerial(UPDATE_OBJECT.exec(topic)?.[1] ?? '');
      if (device !== undefined && this.platform.may(client.user, 'ROLE_INVENTORY_ADMIN', device.id)) {
        this.platform.inventory.update(device.id, body as Record<string, unknown>);
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      client.send('error', JSON.stringify({ error: 'undefined/validationError', message, messageId }));
    }
  }
}
