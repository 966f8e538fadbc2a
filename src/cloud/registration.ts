import { Secret } from '../../contract/secret.js';
import { property } from './json-value.js';
import type { RestClient } from './rest-client.js';
import { hasStatus, RestError } from './rest-error.js';

/** What the cloud hands out to a device that was accepted, once. */
export interface DeviceCredentials {
  readonly tenant: string;
  readonly user: string;
  readonly password: Secret;
}

/** A way to ask the cloud for the credentials of a new device. */
export interface Registration {
  /**
   * Asks once: undefined as long as nobody has accepted the device. It is never cut short, because an answer that is
   * not heard is lost; it takes at most a few seconds.
   * @throws RestError, LinkError
   */
  ask(): Promise<DeviceCredentials | undefined>;
  /** Ends it; gives what came too late for the last `ask`. */
  close(): Promise<DeviceCredentials | undefined>;
}

/** One request from its start to the last byte of its reply, in ms. */
export const REGISTRATION_REQUEST_MS = 15_000;

/** Registration over REST: `deviceCredentials` is 404 until the device was accepted, then 200 or 201 once. */
export class RestRegistration implements Registration {
  readonly #rest: RestClient;
  readonly #externalId: string;

  /** `rest` logs in as the bootstrap user. */
  constructor(rest: RestClient, externalId: string) {
    this.#rest = rest;
    this.#externalId = externalId;
  }

  async ask(): Promise<DeviceCredentials | undefined> {
    let reply: unknown;
    try {
      reply = await this.#rest.send({
        method: 'POST',
        path: '/devicecontrol/deviceCredentials',
        body: { id: this.#externalId },
        deadlineMs: REGISTRATION_REQUEST_MS,
      });
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
    return credentialsIn(reply, this.#rest.origin);
  }

  async close(): Promise<undefined> {
    await this.#rest.close();
    return undefined;
  }
}

function credentialsIn(reply: unknown, origin: string): DeviceCredentials {
  const [tenant, user, password] = ['tenantId', 'username', 'password'].map((name) => property(reply, name));
  const credentials = deviceCredentials(tenant, user, password);
  if (credentials !== undefined) return credentials;
  throw new RestError('protocol', `${origin} accepted the device, but its answer holds no credentials`);
}

/** Credentials of these parts; undefined when one of them is missing or empty. */
export function deviceCredentials(
  tenant: unknown,
  user: unknown,
  password: unknown,
): DeviceCredentials | undefined {
  if (typeof tenant !== 'string' || typeof user !== 'string' || typeof password !== 'string')
    return undefined;
  if (tenant === '' || user === '' || password === '') return undefined;
  return { tenant, user, password: new Secret(password) };
}
