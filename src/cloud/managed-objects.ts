import { CLOUD_ID } from '../../contract/limits.js';
import { ownFragments, missingFragments } from './capabilities.js';
import { elements, property, propertyAt } from './json-value.js';
import type { Log } from './log.js';
import { pathSegment, type RestClient } from './rest-client.js';
import { hasStatus, RestError } from './rest-error.js';

/** Type of a gateway that we create. */
const GATEWAY_TYPE = 'gatehouse_Gateway';

/** Type of a device behind the gateway that we create; the platform's own default for children. */
const CHILD_TYPE = 'c8y_MQTTChildDevice';

/** Children asked for at a time, each with its whole managed object. */
const CHILD_PAGE = 100;

/** Pages of children that are read; 10,000 is far above what one gateway fronts. */
const MAX_CHILD_PAGES = 100;

/** A device as the configuration names it. */
export interface DeviceIdentity {
  readonly externalId: string;
  readonly name: string;
  readonly role: 'gateway' | 'child';
}

/** The inventory and identity calls that provisioning needs. Every method throws RestError. */
export class ManagedObjects {
  readonly #rest: RestClient;
  readonly #idType: string;
  readonly #version: string;
  readonly #log: Log;

  /** `version` is ours, for `c8y_Agent`; `idType` is the type of every external id. */
  constructor(options: { rest: RestClient; idType: string; version: string; log: Log }) {
    this.#rest = options.rest;
    this.#idType = options.idType;
    this.#version = options.version;
    this.#log = options.log;
  }

  /** The managed-object id of a device, created when the cloud does not know it, with our fragments on it. */
  async ensure(device: DeviceIdentity, signal: AbortSignal): Promise<string> {
    const known = await this.#find(device.externalId, signal);
    if (known === undefined) return this.#create(device, signal);
    await this.#declare(known, device.role, signal);
    return known;
  }

  /** The ids of the direct children of a gateway. */
  async childrenOf(gatewayId: string, signal: AbortSignal): Promise<Set<string>> {
    const ids = new Set<string>();
    for (let page = 1; page <= MAX_CHILD_PAGES; page += 1) {
      const path = `/inventory/managedObjects/${gatewayId}/childDevices?pageSize=${CHILD_PAGE}&currentPage=${page}`;
      const references = elements(await this.#rest.send({ method: 'GET', path, signal }), 'references');
      if (references.length === 0) break;
      for (const reference of references) {
        const id = propertyAt(reference, 'managedObject', 'id');
        if (typeof id === 'string') ids.add(id);
      }
    }
    return ids;
  }

  /** Makes a device a child of the gateway. */
  async link(gatewayId: string, childId: string, signal: AbortSignal): Promise<void> {
    const path = `/inventory/managedObjects/${gatewayId}/childDevices`;
    await this.#rest.send({ method: 'POST', path, body: { managedObject: { id: childId } }, signal });
  }

  async #find(externalId: string, signal: AbortSignal): Promise<string | undefined> {
    const path = `/identity/externalIds/${pathSegment(this.#idType)}/${pathSegment(externalId)}`;
    try {
      const identity = await this.#rest.send({ method: 'GET', path, signal });
      return checkedId(propertyAt(identity, 'managedObject', 'id'), path);
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
  }

  async #create(device: DeviceIdentity, signal: AbortSignal): Promise<string> {
    const body = {
      name: device.name,
      type: device.role === 'gateway' ? GATEWAY_TYPE : CHILD_TYPE,
      ...ownFragments(device.role, this.#version),
    };
    const path = '/inventory/managedObjects';
    const created = await this.#rest.send({ method: 'POST', path, body, signal });
    const id = checkedId(property(created, 'id'), path);
    const identity = { type: this.#idType, externalId: device.externalId };
    try {
      await this.#rest.send({
        method: 'POST',
        path: `/identity/globalIds/${id}/externalIds`,
        body: identity,
        signal,
      });
    } catch (error) {
      await this.#removeOrphan(id);
      if (!hasStatus(error, 409)) throw error;
      // Somebody else registered the id between our look-up and now: theirs is the device.
      const theirs = await this.#find(device.externalId, signal);
      if (theirs === undefined) throw error;
      await this.#declare(theirs, device.role, signal);
      return theirs;
    }
    this.#log.info({ externalId: device.externalId, deviceId: id }, 'device created in the cloud');
    return id;
  }

  /** Without its external id nobody would ever find the object again. */
  async #removeOrphan(id: string): Promise<void> {
    try {
      await this.#rest.send({ method: 'DELETE', path: `/inventory/managedObjects/${id}` });
    } catch (error) {
      this.#log.warn(
        { deviceId: id, cause: sentenceOf(error) },
        'a device without identity stays in the cloud',
      );
    }
  }

  /** The list is replaced as a whole and there is no If-Match, so another writer can undo us: look again, once. */
  async #declare(id: string, role: 'gateway' | 'child', signal: AbortSignal): Promise<void> {
    const path = `/inventory/managedObjects/${id}`;
    for (let tries = 0; tries < 2; tries += 1) {
      const managedObject = await this.#rest.send({ method: 'GET', path, signal });
      const patch = missingFragments(managedObject, role, this.#version);
      if (patch === undefined) return;
      await this.#rest.send({ method: 'PUT', path, body: patch, signal });
    }
    const after = await this.#rest.send({ method: 'GET', path, signal });
    if (missingFragments(after, role, this.#version) !== undefined) {
      this.#log.warn({ deviceId: id }, 'another agent keeps undoing the declared operations of this device');
    }
  }
}

function checkedId(id: unknown, path: string): string {
  if (typeof id === 'string' && CLOUD_ID.test(id)) return id;
  throw new RestError('protocol', `${path} answered without a usable managed-object id`);
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}
