import { full, invalid, notFound, PlatformError } from './platform-error.js';
import type { Users } from './users.js';

export type DeviceRequestStatus = 'WAITING_FOR_CONNECTION' | 'PENDING_ACCEPTANCE' | 'ACCEPTED';

/** A device that an administrator expects to register. */
export interface DeviceRequest {
  /** External id of the device. */
  readonly id: string;
  readonly status: DeviceRequestStatus;
}

/** What a device gets once it was accepted. */
export interface DeviceCredentials {
  readonly id: string;
  readonly tenantId: string;
  readonly username: string;
  readonly password: string;
}

/** Requests open at a time: a bulk registration of a plant. */
const MAX_REQUESTS = 10_000;

/** Registration of new devices. */
export class DeviceRequests {
  readonly #requests = new Map<string, DeviceRequest>();

  /** @param acceptAll Accepts a device as soon as it polls, registered or not; for demonstrations. */
  constructor(
    private readonly users: Users,
    private readonly acceptAll: boolean,
  ) {}

  /** @throws PlatformError 409 when there is one of this id; 507 when the store is full. */
  create(id: string): DeviceRequest {
    if (id === '') throw invalid('devicecontrol', 'id must not be empty.');
    if (this.#requests.has(id)) {
      throw new PlatformError(
        409,
        'devicecontrol/Non Unique Result',
        `A request for '${id}' is there already.`,
      );
    }
    if (this.#requests.size >= MAX_REQUESTS) throw full('devicecontrol', MAX_REQUESTS);
    return this.#set({ id, status: 'WAITING_FOR_CONNECTION' });
  }

  list(): DeviceRequest[] {
    return [...this.#requests.values()];
  }

  /** @throws PlatformError 404. */
  get(id: string): DeviceRequest {
    const request = this.#requests.get(id);
    if (request === undefined) throw notFound('devicecontrol', `There is no newDeviceRequest for '${id}'.`);
    return request;
  }

  /** @throws PlatformError 404; 422 while the device has not polled yet. */
  accept(id: string): DeviceRequest {
    if (this.get(id).status === 'WAITING_FOR_CONNECTION') {
      throw invalid('devicecontrol', `Device '${id}' has not connected yet.`);
    }
    return this.#set({ id, status: 'ACCEPTED' });
  }

  /** @throws PlatformError 404. */
  delete(id: string): void {
    this.get(id);
    this.#requests.delete(id);
  }

  /** What a device does every few seconds: undefined until it was accepted, then its credentials, once. */
  poll(id: string): DeviceCredentials | undefined {
    const status = this.#requests.get(id)?.status;
    if (status === 'ACCEPTED' || this.acceptAll) {
      this.#requests.delete(id);
      const { user, password } = this.users.addDevice(id);
      return { id, tenantId: user.tenant, username: user.name, password };
    }
    if (status === 'WAITING_FOR_CONNECTION') this.#set({ id, status: 'PENDING_ACCEPTANCE' });
    return undefined;
  }

  #set(request: DeviceRequest): DeviceRequest {
    this.#requests.set(request.id, request);
    return request;
  }
}
