import type { Ids } from './ids.js';
import { full, invalid, notFound } from './platform-error.js';

/** A managed object: the fields the platform keeps and any fragment beside them. */
export interface ManagedObject {
  readonly id: string;
  readonly name?: string;
  readonly type?: string;
  /** Name of the user that created it; that user may do anything with it and with its children. */
  readonly owner: string;
  readonly creationTime: string;
  readonly lastUpdated: string;
  readonly [fragment: string]: unknown;
}

/** Fragments as a client sends them; null removes one. */
export type Fragments = Readonly<Record<string, unknown>>;

/** What happened to a managed object. */
export type InventoryChange = 'CREATE' | 'UPDATE' | 'DELETE';

/** Managed objects kept: a gateway with 1,000 devices behind it a hundred times over. */
export const MAX_MANAGED_OBJECTS = 100_000;

/** Fields that a client cannot set. */
const READ_ONLY = new Set([
  'id',
  'self',
  'owner',
  'creationTime',
  'lastUpdated',
  'childDevices',
  'childAssets',
]);

/** Managed objects and the tree of child devices. */
export class Inventory {
  readonly #objects = new Map<string, ManagedObject>();
  readonly #children = new Map<string, Set<string>>();
  readonly #parents = new Map<string, string>();

  constructor(
    private readonly ids: Ids,
    private readonly now: () => number,
    private readonly changed: (change: InventoryChange, object: ManagedObject) => void,
  ) {}

  /** @throws PlatformError 507 when the store is full. */
  create(fragments: Fragments, owner: string): ManagedObject {
    if (this.#objects.size >= MAX_MANAGED_OBJECTS) throw full('inventory', MAX_MANAGED_OBJECTS);
    const time = new Date(this.now()).toISOString();
    const object = {
      ...merge({}, fragments),
      id: this.ids.next(),
      owner,
      creationTime: time,
      lastUpdated: time,
    };
    this.#objects.set(object.id, object);
    this.changed('CREATE', object);
    return object;
  }

  find(id: string): ManagedObject | undefined {
    return this.#objects.get(id);
  }

  /** @throws PlatformError 404. */
  get(id: string): ManagedObject {
    const object = this.#objects.get(id);
    if (object === undefined) {
      throw notFound(
        'inventory',
        `Finding device data from database failed : No managedObject for id '${id}'!`,
      );
    }
    return object;
  }

  /** Merges at the top level: a fragment given replaces the old one as a whole, null removes it. @throws PlatformError 404. */
  update(id: string, fragments: Fragments): ManagedObject {
    const old = this.get(id);
    const object = {
      ...merge(old, fragments),
      id,
      owner: old.owner,
      creationTime: old.creationTime,
      lastUpdated: new Date(this.now()).toISOString(),
    };
    this.#objects.set(id, object);
    this.changed('UPDATE', object);
    return object;
  }

  /** Takes the object away; its children stay without a parent. @throws PlatformError 404. */
  delete(id: string): void {
    const object = this.get(id);
    for (const child of this.#children.get(id) ?? []) this.#parents.delete(child);
    this.#children.delete(id);
    this.#children.get(this.#parents.get(id) ?? '')?.delete(id);
    this.#parents.delete(id);
    this.#objects.delete(id);
    this.changed('DELETE', object);
  }

  /** Every object in order of creation. */
  all(): IterableIterator<ManagedObject> {
    return this.#objects.values();
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Puts one device under another. A device has one parent. @throws PlatformError 404; 422 when it would make a ring. */
  addChild(parentId: string, childId: string): void {
    this.get(parentId);
    this.get(childId);
    if (this.lineage(parentId).includes(childId)) {
      throw invalid('inventory', `Device '${childId}' is an ancestor of '${parentId}'.`);
    }
    this.#children.get(this.#parents.get(childId) ?? '')?.delete(childId);
    this.#parents.set(childId, parentId);
    const children = this.#children.get(parentId) ?? new Set();
    this.#children.set(parentId, children.add(childId));
  }

  removeChild(parentId: string, childId: string): void {
    if (this.#children.get(parentId)?.delete(childId) === true) this.#parents.delete(childId);
  }

  /** Direct children, in the order they were added. */
  children(id: string): ManagedObject[] {
    return [...(this.#children.get(id) ?? [])].map((child) => this.get(child));
  }

  parent(id: string): string | undefined {
    return this.#parents.get(id);
  }

  /** The device itself and its ancestors, nearest first. */
  lineage(id: string): string[] {
    const line = [id];
    for (let up = this.#parents.get(id); up !== undefined; up = this.#parents.get(up)) line.push(up);
    return line;
  }

  /** The nearest agent: the device itself if it carries the marker, else the first ancestor that does. */
  agentOf(id: string): string | undefined {
    return this.lineage(id).find((each) => this.#objects.get(each)?.com_cumulocity_model_Agent !== undefined);
  }
}

function merge(old: Fragments, fragments: Fragments): Record<string, unknown> {
  const given = Object.entries(fragments).filter(([key]) => !READ_ONLY.has(key));
  const merged = Object.entries({ ...old, ...Object.fromEntries(given) });
  return Object.fromEntries(merged.filter(([, value]) => value !== null && value !== undefined));
}
