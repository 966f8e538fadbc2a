import type { Platform } from '../platform.js';
import type { Operation } from '../store/operations.js';
import type { MqttClientSession } from './client-session.js';
import type { MqttFaults } from './faults.js';
import { batches, OPERATION_TOPICS, operationMessage, type OperationTopic } from './operation-messages.js';

export interface OperationDeliveriesOptions {
  readonly platform: Platform;
  readonly faults: MqttFaults;
  /** Time from an operation's creation to its delivery in ms. */
  readonly deliveryDelayMs: number;
  /** The connected client of a device identifier. */
  readonly clientOf: (identifier: string) => MqttClientSession | undefined;
}

/**
 * Brings operations to the client of their agent: new ones at once, PENDING ones at every subscription and whenever the
 * device asks. A client that listens on both topics gets each operation on both.
 */
export class OperationDeliveries {
  readonly #options: OperationDeliveriesOptions;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(options: OperationDeliveriesOptions) {
    this.#options = options;
    options.platform.on('operationCreated', this.#onCreated);
    options.platform.on('operationUpdated', this.#onUpdated);
  }

  /** Delivers on a topic what the client has not been sent there yet. */
  onSubscribed(client: MqttClientSession, topic: OperationTopic): void {
    this.#deliver(client, topic, this.#pendingOf(client));
  }

  /** Delivers every PENDING operation again on every topic that is subscribed. */
  resend(client: MqttClientSession): void {
    client.forgetDelivered();
    for (const topic of OPERATION_TOPICS) this.onSubscribed(client, topic);
  }

  stop(): void {
    this.#options.platform.off('operationCreated', this.#onCreated);
    this.#options.platform.off('operationUpdated', this.#onUpdated);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  readonly #onCreated = (operation: Operation): void => {
    const delayMs = this.#options.deliveryDelayMs + this.#options.faults.deliveryDelayMs;
    this.#later(delayMs, () => {
      const client = this.#clientOf(operation);
      if (client === undefined) return;
      for (const topic of OPERATION_TOPICS) this.#deliver(client, topic, [operation]);
    });
  };

  readonly #onUpdated = (operation: Operation): void => {
    if (operation.status !== 'PENDING') this.#clientOf(operation)?.forgetDelivered(operation.id);
  };

  #clientOf({ agentId }: Operation): MqttClientSession | undefined {
    const serial = this.#options.platform.identity.of(agentId).find(({ type }) => type === 'c8y_Serial');
    return serial === undefined ? undefined : this.#options.clientOf(serial.externalId);
  }

  #pendingOf(client: MqttClientSession): Operation[] {
    const { platform } = this.#options;
    const device = platform.deviceBySerial(client.identifier);
    return device === undefined ? [] : platform.operations.list({ agentId: device.id, status: 'PENDING' });
  }

  #deliver(client: MqttClientSession, topic: OperationTopic, operations: readonly Operation[]): void {
    if (!client.isSubscribed(topic)) return;
    const { platform, faults } = this.#options;
    const fresh = operations.filter(
      // A delayed operation may have been cancelled meanwhile.
      ({ id }) => platform.operations.find(id)?.status === 'PENDING' && client.marksDelivered(topic, id),
    );
    const messages = fresh
      .map((operation) => operationMessage(platform, operation, topic))
      .filter((message) => message !== undefined);
    for (const payload of batches(messages)) {
      for (let time = 0; time <= faults.duplicateDeliveries; time += 1) client.send(topic, payload);
    }
    if (faults.redeliveryMs > 0 && fresh.length > 0) {
      this.#later(faults.redeliveryMs, () => this.#redeliver(client, topic, fresh));
    }
  }

  #redeliver(client: MqttClientSession, topic: OperationTopic, operations: readonly Operation[]): void {
    if (this.#options.clientOf(client.identifier) !== client) return;
    for (const { id } of operations) client.forgetDelivered(id);
    this.#deliver(client, topic, operations);
  }

  #later(delayMs: number, action: () => void): void {
    if (delayMs <= 0) {
      action();
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs);
    this.#timers.add(timer);
  }
}
