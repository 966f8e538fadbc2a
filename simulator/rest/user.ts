import { tokenOf } from '../authentication.js';
import type { Call, Reply, Route } from './call.js';

/** The user that calls. */
export const userRoutes: readonly Route[] = [
  { method: 'GET', path: '/user/currentUser', handle: currentUser },
  { method: 'POST', path: '/user/logout', handle: logout },
];

function currentUser(call: Call): Reply {
  const { name } = call.user;
  const effectiveRoles = [...call.user.roles].map((id) => ({
    id,
    name: id,
    self: `${call.baseUrl}/user/roles/${id}`,
  }));
  return {
    status: 200,
    media: 'currentUser',
    body: { id: name, userName: name, effectiveRoles, self: `${call.baseUrl}/user/currentUser` },
  };
}

function logout(call: Call): Reply {
  const token = tokenOf(call.headers);
  if (token !== undefined) call.platform.users.revoke(token);
  return { status: 200 };
}
