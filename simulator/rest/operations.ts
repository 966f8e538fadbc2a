import { RawJson } from '../raw-json.js';
import { type Operation, statusOf } from '../store/operations.js';
import { PlatformError } from '../store/platform-error.js';
import { type Call, demand, param, type Reply, type Route, textField } from './call.js';
import { page } from './page.js';

const PATH = '/devicecontrol/operations';

/** Operations. */
export const operationRoutes: readonly Route[] = [
  { method: 'GET', path: PATH, handle: list },
  { method: 'POST', path: PATH, handle: create },
  { method: 'GET', path: `${PATH}/:id`, handle: get },
  { method: 'PUT', path: `${PATH}/:id`, handle: update },
];

function show(call: Call, operation: Operation): Record<string, unknown> {
  return { ...operation, self: `${call.baseUrl}${PATH}/${operation.id}` };
}

/** `deviceName` is in lists only, `deviceExternalIDs` only with an agentId in the query. */
function showInList(call: Call, operation: Operation): Record<string, unknown> {
  const { deviceId } = operation;
  const { inventory, identity } = call.platform;
  const name = { deviceName: inventory.find(deviceId)?.name };
  if (!call.query.has('agentId')) return { ...show(call, operation), ...name };
  const externalIds = identity.of(deviceId).map(({ type, externalId }) => ({ type, externalId }));
  const self = `${call.baseUrl}/identity/globalIds/${deviceId}/externalIds`;
  return { ...show(call, operation), ...name, deviceExternalIDs: { externalIds, self } };
}

function list(call: Call): Reply {
  const asked = (name: string) => call.query.get(name) ?? undefined;
  const status = asked('status');
  const found = call.platform.operations.list({
    agentId: asked('agentId'),
    deviceId: asked('deviceId'),
    status: status === undefined ? undefined : statusOf(status),
    fragmentType: asked('fragmentType'),
    fromMs: dateOf(call, 'dateFrom'),
    toMs: dateOf(call, 'dateTo'),
  });
  const isReader = call.platform.may(call.user, 'ROLE_DEVICE_CONTROL_READ');
  const visible = isReader
    ? found
    : found.filter(({ deviceId }) => call.platform.may(call.user, 'ROLE_DEVICE_CONTROL_READ', deviceId));
  const raw = status === 'PENDING' ? call.platform.rawOperations.map((bytes) => new RawJson(bytes)) : [];
  const { items, frame } = page<RawJson | Operation>(call, [...raw, ...visible]);
  return {
    status: 200,
    media: 'operationCollection',
    body: {
      ...frame,
      operations: items.map((each) => (each instanceof RawJson ? each : showInList(call, each))),
    },
  };
}

function create(call: Call): Reply {
  const deviceId = textField(call, 'deviceId', 'devicecontrol');
  demand(call, 'ROLE_DEVICE_CONTROL_ADMIN', deviceId);
  const body = show(call, call.platform.operations.create(deviceId, call.body));
  return { status: 201, media: 'operation', body, headers: { Location: String(body.self) } };
}

function get(call: Call): Reply {
  const operation = call.platform.operations.get(param(call, 'id'));
  demand(call, 'ROLE_DEVICE_CONTROL_READ', operation.deviceId);
  return { status: 200, media: 'operation', body: show(call, operation) };
}

function update(call: Call): Reply {
  const { id, deviceId } = call.platform.operations.get(param(call, 'id'));
  demand(call, 'ROLE_DEVICE_CONTROL_ADMIN', deviceId);
  return {
    status: 200,
    media: 'operation',
    body: show(call, call.platform.operations.update(id, call.body)),
  };
}

function dateOf(call: Call, name: string): number | undefined {
  const given = call.query.get(name);
  if (given === null) return undefined;
  const ms = Date.parse(given);
  if (!Number.isNaN(ms)) return ms;
  throw new PlatformError(422, 'devicecontrol/validationError', `Query parameter '${name}' is not a date.`);
}
