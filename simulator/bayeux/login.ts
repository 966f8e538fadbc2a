import type { IncomingMessage } from 'node:http';
import type { User, Users } from '../store/users.js';
import type { BayeuxMessage } from './message.js';

const EXTENSION = 'com.cumulocity.authn';

/**
 * Who shakes hands over a WebSocket: by `ext["com.cumulocity.authn"].token` (base64 of `tenant/user:password`, or a bearer
 * token), by the cookies of the upgrade together with `xsrfToken`, or by the upgrade's Authorization header.
 */
export function handshakeUser(
  users: Users,
  handshake: BayeuxMessage,
  upgrade: IncomingMessage,
): User | undefined {
  const { token, xsrfToken } = fields(handshake.ext?.[EXTENSION]);
  if (typeof token === 'string') {
    return users.authenticate(`Basic ${token}`) ?? users.authenticate(`Bearer ${token}`);
  }
  const cookie = /(?:^|;\s*)authorization=([^;\s]+)/.exec(upgrade.headers.cookie ?? '')?.[1];
  const session = cookie === undefined ? undefined : users.token(cookie);
  if (session?.xsrf !== undefined && session.xsrf === xsrfToken) return session.user;
  return users.authenticate(upgrade.headers.authorization);
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
