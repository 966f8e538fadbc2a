import type { ExternalId } from '../store/identity.js';
import { type Call, demand, param, type Reply, type Route, textField } from './call.js';

/** External ids. */
export const identityRoutes: readonly Route[] = [
  { method: 'GET', path: '/identity/externalIds/:type/:externalId', handle: get },
  { method: 'DELETE', path: '/identity/externalIds/:type/:externalId', handle: unbind },
  { method: 'GET', path: '/identity/globalIds/:id/externalIds', handle: list },
  { method: 'POST', path: '/identity/globalIds/:id/externalIds', handle: bind },
];

function show(call: Call, { type, externalId, managedObjectId }: ExternalId): Record<string, unknown> {
  return {
    type,
    externalId,
    managedObject: {
      id: managedObjectId,
      self: `${call.baseUrl}/inventory/managedObjects/${managedObjectId}`,
    },
    self: `${call.baseUrl}/identity/externalIds/${encodeURIComponent(type)}/${encodeURIComponent(externalId)}`,
  };
}

function get(call: Call): Reply {
  const entry = call.platform.identity.get(param(call, 'type'), param(call, 'externalId'));
  demand(call, 'ROLE_IDENTITY_READ', entry.managedObjectId);
  return { status: 200, media: 'externalId', body: show(call, entry) };
}

function unbind(call: Call): Reply {
  const entry = call.platform.identity.get(param(call, 'type'), param(call, 'externalId'));
  demand(call, 'ROLE_IDENTITY_ADMIN', entry.managedObjectId);
  call.platform.identity.unbind(entry.type, entry.externalId);
  return { status: 204 };
}

function list(call: Call): Reply {
  const { id } = call.platform.inventory.get(param(call, 'id'));
  demand(call, 'ROLE_IDENTITY_READ', id);
  const externalIds = call.platform.identity.of(id).map((entry) => show(call, entry));
  const self = `${call.baseUrl}/identity/globalIds/${id}/externalIds`;
  return { status: 200, media: 'externalIdCollection', body: { externalIds, self } };
}

function bind(call: Call): Reply {
  const { id } = call.platform.inventory.get(param(call, 'id'));
  demand(call, 'ROLE_IDENTITY_ADMIN', id);
  const type = textField(call, 'type', 'identity');
  const body = show(call, call.platform.identity.bind(id, type, textField(call, 'externalId', 'identity')));
  return { status: 201, media: 'externalId', body, headers: { Location: String(body.self) } };
}
