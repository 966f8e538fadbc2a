import type { Platform } from '../platform.js';
import type { ManagedObject } from '../store/inventory.js';
import { type Call, demand, param, type Reply, type Route, textField } from './call.js';
import { parseQuery } from './inventory-query.js';
import { page } from './page.js';

const PATH = '/inventory/managedObjects';

/** Managed objects and their child devices. */
export const inventoryRoutes: readonly Route[] = [
  { method: 'GET', path: PATH, handle: list },
  { method: 'POST', path: PATH, handle: (call) => created(call, create(call)) },
  { method: 'GET', path: `${PATH}/:id`, handle: get },
  { method: 'PUT', path: `${PATH}/:id`, handle: update },
  { method: 'DELETE', path: `${PATH}/:id`, handle: remove },
  { method: 'GET', path: `${PATH}/:id/childDevices`, handle: listChildren },
  { method: 'POST', path: `${PATH}/:id/childDevices`, handle: addChild },
  { method: 'DELETE', path: `${PATH}/:id/childDevices/:child`, handle: removeChild },
  { method: 'GET', path: `${PATH}/:id/supportedOperations`, handle: supportedOperations },
];

/** A managed object as REST shows it. */
export function documentOf(
  platform: Platform,
  baseUrl: string,
  object: ManagedObject,
): Record<string, unknown> {
  const self = `${baseUrl}${PATH}/${object.id}`;
  const references = platform.inventory.children(object.id).map(({ id, name }) => ({
    managedObject: { id, name, self: `${baseUrl}${PATH}/${id}` },
    self: `${self}/childDevices/${id}`,
  }));
  return { ...object, self, childDevices: { self: `${self}/childDevices`, references } };
}

function show(call: Call, object: ManagedObject): Record<string, unknown> {
  return documentOf(call.platform, call.baseUrl, object);
}

function list(call: Call): Reply {
  const visible = select(call).filter(({ id }) => call.platform.may(call.user, 'ROLE_INVENTORY_READ', id));
  const { items, frame } = page(call, visible);
  return {
    status: 200,
    media: 'managedObjectCollection',
    body: { ...frame, managedObjects: items.map((each) => show(call, each)) },
  };
}

function select(call: Call): ManagedObject[] {
  const asked = (name: string) => call.query.get(name) ?? undefined;
  const ids = asked('ids')?.split(',');
  const query = parseQuery(asked('query') ?? asked('q') ?? '');
  const [type, fragmentType, owner] = [asked('type'), asked('fragmentType'), asked('owner')];
  return [...call.platform.inventory.all()].filter(
    (each) =>
      (ids === undefined || ids.includes(each.id)) &&
      (type === undefined || each.type === type) &&
      (owner === undefined || each.owner === owner) &&
      (fragmentType === undefined || Object.hasOwn(each, fragmentType)) &&
      // `q` is the older parameter, which looks among devices only.
      (asked('q') === undefined || each.c8y_IsDevice !== undefined) &&
      query(each),
  );
}

function create(call: Call): ManagedObject {
  const { platform, user } = call;
  if (!platform.may(user, 'ROLE_INVENTORY_ADMIN')) demand(call, 'ROLE_INVENTORY_CREATE');
  return platform.inventory.create(call.body, user.name);
}

function created(call: Call, object: ManagedObject): Reply {
  const body = show(call, object);
  return { status: 201, media: 'managedObject', body, headers: { Location: String(body.self) } };
}

function get(call: Call): Reply {
  const object = call.platform.inventory.get(param(call, 'id'));
  demand(call, 'ROLE_INVENTORY_READ', object.id);
  return { status: 200, media: 'managedObject', body: show(call, object) };
}

function update(call: Call): Reply {
  const { id } = call.platform.inventory.get(param(call, 'id'));
  demand(call, 'ROLE_INVENTORY_ADMIN', id);
  return {
    status: 200,
    media: 'managedObject',
    body: show(call, call.platform.inventory.update(id, call.body)),
  };
}

function remove(call: Call): Reply {
  const { id } = call.platform.inventory.get(param(call, 'id'));
  demand(call, 'ROLE_INVENTORY_ADMIN', id);
  call.platform.inventory.delete(id);
  return { status: 204 };
}

function listChildren(call: Call): Reply {
  const { id } = call.platform.inventory.get(param(call, 'id'));
  demand(call, 'ROLE_INVENTORY_READ', id);
  const { items, frame } = page(call, call.platform.inventory.children(id));
  const references = items.map((child) => ({
    managedObject: show(call, child),
    self: `${call.baseUrl}${PATH}/${id}/childDevices/${child.id}`,
  }));
  return { status: 200, media: 'managedObjectReferenceCollection', body: { ...frame, references } };
}

/** With a reference in the body it links a device that is there; with a whole managed object it creates one. */
function addChild(call: Call): Reply {
  const { inventory } = call.platform;
  const { id } = inventory.get(param(call, 'id'));
  demand(call, 'ROLE_INVENTORY_ADMIN', id);
  const reference = call.body.managedObject;
  if (typeof reference !== 'object' || reference === null) {
    const child = create(call);
    inventory.addChild(id, child.id);
    return created(call, child);
  }
  const childId = textField({ ...call, body: reference as Record<string, unknown> }, 'id', 'inventory');
  demand(call, 'ROLE_INVENTORY_ADMIN', inventory.get(childId).id);
  inventory.addChild(id, childId);
  const self = `${call.baseUrl}${PATH}/${id}/childDevices/${childId}`;
  return {
    status: 201,
    media: 'managedObjectReference',
    body: { managedObject: show(call, inventory.get(childId)), self },
    headers: { Location: self },
  };
}

function removeChild(call: Call): Reply {
  const { id } = call.platform.inventory.get(param(call, 'id'));
  demand(call, 'ROLE_INVENTORY_ADMIN', id);
  call.platform.inventory.removeChild(id, param(call, 'child'));
  return { status: 204 };
}

function supportedOperations(call: Call): Reply {
  const object = call.platform.inventory.get(param(call, 'id'));
  demand(call, 'ROLE_INVENTORY_READ', object.id);
  return { status: 200, body: { c8y_SupportedOperations: object.c8y_SupportedOperations ?? [] } };
}
