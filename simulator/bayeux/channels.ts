import type { Role } from '../store/users.js';

/** The two endpoints: new operations of one agent, and changes of anything. */
export type EndpointKind = 'operations' | 'realtime';

const PATHS: ReadonlyMap<string, EndpointKind> = new Map([
  ['/notification/operations', 'operations'],
  ['/devicecontrol/notifications', 'operations'],
  ['/notification/realtime', 'realtime'],
  ['/cep/realtime', 'realtime'],
]);

/** The endpoint of a path, by its present name or its old one. A client may put the message type behind it. */
export function endpointOf(pathname: string): EndpointKind | undefined {
  // CometD adds /handshake, /connect … in its default configuration.
  return PATHS.get(pathname.replace(/\/(?:handshake|connect|disconnect|)$/, ''));
}

/** What a channel is about and what one must be allowed to listen. */
export interface Channel {
  readonly role: Role;
  /** The managed object that decides with the role; undefined for `*`, where each event decides. */
  readonly objectId: string | undefined;
}

/** Reads a channel name; undefined when this endpoint has none such. */
export function channelOf(kind: EndpointKind, name: string): Channel | undefined {
  const pattern = kind === 'operations' ? /^\/()([^/*]+)$/ : /^\/(operations|managedobjects)\/([^/*]+|\*)$/;
  const match = pattern.exec(name);
  if (match === null) return undefined;
  const [, resource, id] = match;
  return {
    role: resource === 'managedobjects' ? 'ROLE_INVENTORY_READ' : 'ROLE_DEVICE_CONTROL_READ',
    objectId: id === '*' ? undefined : id,
  };
}
