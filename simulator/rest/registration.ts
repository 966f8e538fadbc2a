import { type TLSSocket } from 'node:tls';
import { invalid, notFound, PlatformError } from '../store/platform-error.js';
import type { DeviceRequest } from '../store/device-requests.js';
import { type Call, demand, param, type Reply, type Route, textField } from './call.js';

const REQUESTS = '/devicecontrol/newDeviceRequests';

/** Registration of devices, and tokens for devices with a certificate. */
export const registrationRoutes: readonly Route[] = [
  { method: 'GET', path: REQUESTS, handle: list },
  { method: 'POST', path: REQUESTS, handle: create },
  { method: 'GET', path: `${REQUESTS}/:id`, handle: get },
  { method: 'PUT', path: `${REQUESTS}/:id`, handle: accept },
  { method: 'DELETE', path: `${REQUESTS}/:id`, handle: remove },
  { method: 'POST', path: '/devicecontrol/deviceCredentials', handle: credentials },
  { method: 'POST', path: '/devicecontrol/deviceAccessToken', isOpen: true, handle: accessToken },
];

function show(call: Call, request: DeviceRequest): Record<string, unknown> {
  return { ...request, self: `${call.baseUrl}${REQUESTS}/${encodeURIComponent(request.id)}` };
}

function list(call: Call): Reply {
  demand(call, 'ROLE_DEVICE_CONTROL_READ');
  const newDeviceRequests = call.platform.deviceRequests.list().map((each) => show(call, each));
  return {
    status: 200,
    media: 'newDeviceRequestCollection',
    body: { newDeviceRequests, self: `${call.baseUrl}${REQUESTS}` },
  };
}

function create(call: Call): Reply {
  demand(call, 'ROLE_DEVICE_CONTROL_ADMIN');
  const request = call.platform.deviceRequests.create(textField(call, 'id', 'devicecontrol'));
  return { status: 201, media: 'newDeviceRequest', body: show(call, request) };
}

function get(call: Call): Reply {
  demand(call, 'ROLE_DEVICE_CONTROL_READ');
  return {
    status: 200,
    media: 'newDeviceRequest',
    body: show(call, call.platform.deviceRequests.get(param(call, 'id'))),
  };
}

function accept(call: Call): Reply {
  demand(call, 'ROLE_DEVICE_CONTROL_ADMIN');
  if (call.body.status !== 'ACCEPTED') throw invalid('devicecontrol', 'The only status to set is ACCEPTED.');
  return {
    status: 200,
    media: 'newDeviceRequest',
    body: show(call, call.platform.deviceRequests.accept(param(call, 'id'))),
  };
}

function remove(call: Call): Reply {
  demand(call, 'ROLE_DEVICE_CONTROL_ADMIN');
  call.platform.deviceRequests.delete(param(call, 'id'));
  return { status: 204 };
}

/** What the device itself polls, as the bootstrap user. */
function credentials(call: Call): Reply {
  demand(call, 'ROLE_DEVICE_BOOTSTRAP');
  const id = textField(call, 'id', 'devicecontrol');
  const issued = call.platform.deviceRequests.poll(id);
  if (issued === undefined) throw notFound('devicecontrol', `No accepted newDeviceRequest for '${id}'.`);
  const self = `${call.baseUrl}/devicecontrol/deviceCredentials/${encodeURIComponent(id)}`;
  return { status: 201, media: 'deviceCredentials', body: { ...issued, self } };
}

/** A token for the device whose certificate came with the TLS connection; its common name is the external id. */
function accessToken(call: Call): Reply {
  const { platform } = call;
  const certificate = (call.request.socket as Partial<TLSSocket>).getPeerX509Certificate?.();
  const device = certificate === undefined ? undefined : platform.trustedCertificates.deviceOf(certificate);
  if (device === undefined) {
    throw new PlatformError(
      401,
      'security/Unauthorized',
      'No certificate, or one that no trust anchor signed.',
    );
  }
  const user = platform.users.get(`device_${device}`) ?? platform.users.addDevice(device).user;
  return { status: 200, body: { accessToken: platform.users.issueToken(user).value } };
}
