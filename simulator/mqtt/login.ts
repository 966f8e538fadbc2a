import type { X509Certificate } from 'node:crypto';
import type { Platform } from '../platform.js';
import type { User } from '../store/users.js';
import { deviceIdentifier } from './device-identifier.js';

/** CONNACK return codes (MQTT 3.1.1, 3.2.2.3). */
export const ReturnCode = { identifierRejected: 2, wrongCredentials: 4, notAuthorized: 5 } as const;

export interface LoginRequest {
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly password: string | undefined;
  readonly certificate: X509Certificate | undefined;
}

/** Who a client is, or the return code of its CONNACK. */
export type Login =
  | { readonly identifier: string; readonly user: User; readonly hasCertificate: boolean }
  | { readonly returnCode: number };

/**
 * Judges a CONNECT. A certificate that is presented decides, and then user and password are not looked at: it must be
 * signed by a trusted anchor and its common name must be the device identifier.
 */
export function login(platform: Platform, request: LoginRequest): Login {
  const identifier = deviceIdentifier(request.clientId);
  if (identifier === undefined) return { returnCode: ReturnCode.identifierRejected };
  const hasCertificate = request.certificate !== undefined;
  const user = hasCertificate
    ? certificateUser(platform, identifier, request.certificate)
    : platform.users.login(request.userName ?? '', request.password ?? '');
  if (user === undefined) {
    return { returnCode: hasCertificate ? ReturnCode.notAuthorized : ReturnCode.wrongCredentials };
  }
  const device = platform.deviceBySerial(identifier);
  const isBootstrap = user.roles.has('ROLE_DEVICE_BOOTSTRAP');
  if (device !== undefined && !isBootstrap && !platform.may(user, 'ROLE_INVENTORY_ADMIN', device.id)) {
    return { returnCode: ReturnCode.notAuthorized };
  }
  return { identifier, user, hasCertificate };
}

function certificateUser(
  platform: Platform,
  identifier: string,
  certificate: X509Certificate | undefined,
): User | undefined {
  if (certificate === undefined || platform.trustedCertificates.deviceOf(certificate) !== identifier) {
    return undefined;
  }
  // The first connection of a device with a good certificate registers it.
  return platform.users.get(`device_${identifier}`) ?? platform.users.addDevice(identifier).user;
}
