import type { Platform } from '../platform.js';
import type { InventoryChange, ManagedObject } from '../store/inventory.js';
import type { Operation } from '../store/operations.js';
import type { EndpointKind } from './channels.js';

/** Something that happened, for everybody who listens on one channel. */
export interface Notification {
  readonly kind: EndpointKind;
  readonly channel: string;
  readonly data: unknown;
  /** The managed object it is about: who may not see that one is not told. */
  readonly objectId: string;
}

/** Turns the events of a platform into what goes out on which channel. */
export class Notifications {
  readonly #platform: Platform;
  readonly #notify: (notification: Notification) => void;

  constructor(platform: Platform, notify: (notification: Notification) => void) {
    this.#platform = platform;
    this.#notify = notify;
    platform.on('operationCreated', this.#onCreated);
    platform.on('operationUpdated', this.#onUpdated);
    platform.on('managedObject', this.#onObject);
  }

  stop(): void {
    this.#platform.off('operationCreated', this.#onCreated);
    this.#platform.off('operationUpdated', this.#onUpdated);
    this.#platform.off('managedObject', this.#onObject);
  }

  readonly #onCreated = (operation: Operation): void => {
    const { agentId, deviceId } = operation;
    this.#notify({ kind: 'operations', channel: `/${agentId}`, data: operation, objectId: deviceId });
    this.#change('CREATE', 'operations', deviceId, operation);
  };

  readonly #onUpdated = (operation: Operation): void => {
    this.#change('UPDATE', 'operations', operation.deviceId, operation);
  };

  readonly #onObject = (change: InventoryChange, object: ManagedObject): void => {
    this.#change(change, 'managedobjects', object.id, object);
  };

  #change(realtimeAction: InventoryChange, resource: string, objectId: string, data: unknown): void {
    for (const id of [objectId, '*']) {
      const channel = `/${resource}/${id}`;
      this.#notify({ kind: 'realtime', channel, data: { realtimeAction, data }, objectId });
    }
  }
}
