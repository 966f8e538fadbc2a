import type { Client } from 'aedes';
import type { User } from '../store/users.js';
import type { MqttConnection } from './connection.js';
import { isOperationTopic, type OperationTopic } from './operation-messages.js';

export type QoS = 0 | 1 | 2;

/** Operations remembered as delivered on one topic; those that are no longer PENDING are forgotten anyway. */
const MAX_REMEMBERED = 10_000;

/** A CONNACK: type and flags, length 2, no session present, return code. */
export function connack(returnCode: number): Buffer {
  return Buffer.from([0x20, 0x02, 0x00, returnCode]);
}

/** Bytes that no MQTT packet starts with: type 0 is reserved. */
const GARBAGE = Buffer.from([0x00, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x00, 0x01]);

/** One connected client, also as tests see it: who it is, and what can be done to it. */
export class MqttClientSession {
  /** Device identifier: the client id without connection type and template. */
  readonly identifier: string;
  readonly user: User;
  /** Logged in with a certificate, which alone may ask for tokens over MQTT. */
  readonly hasCertificate: boolean;
  readonly #client: Client;
  readonly #connection: MqttConnection;
  readonly #subscriptions = new Map<string, QoS>();
  readonly #delivered: Record<OperationTopic, Set<string>> = {
    's/ds': new Set(),
    'devicecontrol/notifications': new Set(),
  };

  constructor(
    client: Client,
    connection: MqttConnection,
    identity: { readonly identifier: string; readonly user: User; readonly hasCertificate: boolean },
  ) {
    this.#client = client;
    this.#connection = connection;
    this.identifier = identity.identifier;
    this.user = identity.user;
    this.hasCertificate = identity.hasCertificate;
  }

  /** Topics it is subscribed to. */
  get topics(): string[] {
    return [...this.#subscriptions.keys()];
  }

  /** Cuts the connection without a word. */
  kick(): void {
    this.#connection.abort();
  }

  /** Sends one more CONNACK with this return code and closes, as the platform does when it ends a connection. */
  refuseNow(returnCode: number): void {
    this.#connection.sendRaw(connack(returnCode));
    this.#connection.destroy();
  }

  /** Puts bytes on the wire that are no MQTT packet. */
  sendGarbage(bytes: Uint8Array = GARBAGE): void {
    this.#connection.sendRaw(bytes);
  }

  /** Sends a PUBLISH on a topic it is subscribed to, with a payload of this many bytes, limits or not. */
  sendOversized(topic: string, payloadBytes: number): void {
    this.send(topic, 'x'.repeat(payloadBytes));
  }

  /** Sends a message if the client is subscribed to the topic, with the QoS it was granted. */
  send(topic: string, payload: string | Buffer): void {
    const qos = this.#subscriptions.get(topic);
    if (qos === undefined) return;
    const packet = { cmd: 'publish' as const, topic, payload, qos, dup: false, retain: false };
    // A client that went away meanwhile gets its operations when it is back.
    this.#client.publish(packet, () => undefined);
  }

  subscribed(topic: string, qos: QoS): void {
    this.#subscriptions.set(topic, qos);
  }

  unsubscribed(topic: string): void {
    this.#subscriptions.delete(topic);
    if (isOperationTopic(topic)) this.#delivered[topic].clear();
  }

  isSubscribed(topic: string): boolean {
    return this.#subscriptions.has(topic);
  }

  /** True the first time for an operation on a topic, until it is forgotten. */
  marksDelivered(topic: OperationTopic, operationId: string): boolean {
    const delivered = this.#delivered[topic];
    if (delivered.has(operationId)) return false;
    delivered.add(operationId);
    const [oldest = ''] = delivered;
    if (delivered.size > MAX_REMEMBERED) delivered.delete(oldest);
    return true;
  }

  /** Forgets that an operation was delivered; all of them without an id. */
  forgetDelivered(operationId?: string): void {
    for (const delivered of Object.values(this.#delivered)) {
      if (operationId === undefined) delivered.clear();
      else delivered.delete(operationId);
    }
  }
}
