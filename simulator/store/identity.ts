import { full, notFound, PlatformError } from './platform-error.js';

/** A name that a device is known by outside the platform. */
export interface ExternalId {
  readonly type: string;
  readonly externalId: string;
  readonly managedObjectId: string;
}

/** External ids kept: two for each managed object. */
const MAX_EXTERNAL_IDS = 200_000;

/** External ids; a pair of type and id exists once in a tenant. */
export class Identity {
  readonly #byName = new Map<string, ExternalId>();
  readonly #byObject = new Map<string, Set<ExternalId>>();

  /** @throws PlatformError 409 when the pair is taken; 507 when the store is full. */
  bind(managedObjectId: string, type: string, externalId: string): ExternalId {
    if (this.find(type, externalId) !== undefined) {
      throw new PlatformError(
        409,
        'identity/Duplicate',
        `Cannot create external ID because it already exists: type '${type}', id '${externalId}'.`,
      );
    }
    if (this.#byName.size >= MAX_EXTERNAL_IDS) throw full('identity', MAX_EXTERNAL_IDS);
    const entry = { type, externalId, managedObjectId };
    this.#byName.set(key(type, externalId), entry);
    this.#byObject.set(managedObjectId, (this.#byObject.get(managedObjectId) ?? new Set()).add(entry));
    return entry;
  }

  find(type: string, externalId: string): ExternalId | undefined {
    return this.#byName.get(key(type, externalId));
  }

  /** @throws PlatformError 404. */
  get(type: string, externalId: string): ExternalId {
    const entry = this.find(type, externalId);
    if (entry === undefined) {
      throw notFound(
        'identity',
        `External id not found; external id = ID [type=${type}, value=${externalId}]`,
      );
    }
    return entry;
  }

  /** Every external id of a managed object, in the order they were bound. */
  of(managedObjectId: string): ExternalId[] {
    return [...(this.#byObject.get(managedObjectId) ?? [])];
  }

  /** The `c8y_Serial` of a device, which is what SmartREST lines carry; else its first external id. */
  serialOf(managedObjectId: string): ExternalId | undefined {
    const all = this.of(managedObjectId);
    return all.find(({ type }) => type === 'c8y_Serial') ?? all[0];
  }

  /** @throws PlatformError 404. */
  unbind(type: string, externalId: string): void {
    const entry = this.get(type, externalId);
    this.#byName.delete(key(type, externalId));
    this.#byObject.get(entry.managedObjectId)?.delete(entry);
  }

  /** Forgets every external id of a managed object that is gone. */
  unbindAll(managedObjectId: string): void {
    for (const { type, externalId } of this.of(managedObjectId)) this.unbind(type, externalId);
    this.#byObject.delete(managedObjectId);
  }
}

function key(type: string, externalId: string): string {
  return JSON.stringify([type, externalId]);
}
