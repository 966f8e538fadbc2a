import { type Call, demand, param, type Reply, type Route } from './call.js';

const PATH = '/service/remoteaccess/devices/:device/configurations';

/** Endpoints of the remote-access microservice: flat when written, nested when read, a bare array as a list. */
export const configurationRoutes: readonly Route[] = [
  { method: 'GET', path: PATH, handle: list },
  { method: 'POST', path: PATH, handle: create },
  { method: 'GET', path: `${PATH}/:id`, handle: get },
  { method: 'PUT', path: `${PATH}/:id`, handle: replace },
  { method: 'DELETE', path: `${PATH}/:id`, handle: remove },
];

/** Every call wants the role, owner of the device or not. */
function device(call: Call): string {
  demand(call, 'ROLE_REMOTE_ACCESS_ADMIN');
  return param(call, 'device');
}

function list(call: Call): Reply {
  return { status: 200, body: call.platform.configurations.list(device(call)) };
}

function create(call: Call): Reply {
  return { status: 201, body: call.platform.configurations.create(device(call), call.body) };
}

function get(call: Call): Reply {
  return { status: 200, body: call.platform.configurations.get(device(call), param(call, 'id')) };
}

function replace(call: Call): Reply {
  return {
    status: 200,
    body: call.platform.configurations.replace(device(call), param(call, 'id'), call.body),
  };
}

function remove(call: Call): Reply {
  call.platform.configurations.delete(device(call), param(call, 'id'));
  return { status: 204 };
}
