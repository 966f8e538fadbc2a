import type { Ids } from './ids.js';
import type { Fragments, Inventory } from './inventory.js';
import { invalid, notFound } from './platform-error.js';

export const REMOTE_ACCESS_PROTOCOLS = ['PASSTHROUGH', 'VNC', 'TELNET', 'SSH'] as const;

export type RemoteAccessProtocol = (typeof REMOTE_ACCESS_PROTOCOLS)[number];

/** Credentials in the read form: nested, and null where unused. */
export interface ConfigurationCredentials {
  readonly type: string;
  readonly username: string | null;
  readonly password: string | null;
  readonly publicKey: string | null;
  readonly privateKey: string | null;
  readonly certificate: string | null;
  readonly hostKey: string | null;
}

/** One remote-access endpoint of a device, in the read form. */
export interface Configuration {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  readonly protocol: RemoteAccessProtocol;
  readonly credentials: ConfigurationCredentials;
}

/** Endpoints of one device; the user interface gets unusable long before. */
const MAX_CONFIGURATIONS = 1_000;

const CREDENTIAL_TYPES: Readonly<Record<RemoteAccessProtocol, readonly string[]>> = {
  PASSTHROUGH: ['NONE'],
  TELNET: ['NONE'],
  VNC: ['NONE', 'PASS_ONLY'],
  SSH: ['USER_PASS', 'KEY_PAIR', 'CERTIFICATE'],
};

const MANDATORY: Readonly<Record<string, readonly string[]>> = {
  NONE: [],
  PASS_ONLY: ['password'],
  USER_PASS: ['username', 'password'],
  KEY_PAIR: ['username', 'privateKey', 'publicKey'],
  CERTIFICATE: ['username', 'privateKey', 'publicKey', 'certificate'],
};

/** The fragment that mirrors the endpoints in the inventory. It is the store: the service is a view of it. */
const FRAGMENT = 'c8y_RemoteAccessList';

/** Remote-access endpoints, kept in the managed object of their device. */
export class Configurations {
  constructor(
    private readonly ids: Ids,
    private readonly inventory: Inventory,
  ) {}

  /** @throws PlatformError 404 when the device is unknown. */
  list(deviceId: string): Configuration[] {
    const list = this.inventory.get(deviceId)[FRAGMENT];
    return Array.isArray(list) ? (list as Configuration[]) : [];
  }

  /** @throws PlatformError 404. */
  get(deviceId: string, id: string): Configuration {
    const found = this.list(deviceId).find((each) => each.id === id);
    if (found === undefined) {
      throw notFound('remoteaccess', `No remote access configuration '${id}' on device '${deviceId}'.`);
    }
    return found;
  }

  /** Creates an endpoint from the flat write form. @throws PlatformError 404; 422 naming what is wrong. */
  create(deviceId: string, flat: Fragments): Configuration {
    const list = this.list(deviceId);
    if (list.length >= MAX_CONFIGURATIONS) throw invalid('remoteaccess', 'Too many configurations.');
    const created = parse(this.ids.next(), flat);
    this.inventory.update(deviceId, { [FRAGMENT]: [...list, created] });
    return created;
  }

  /** Replaces an endpoint as a whole. @throws PlatformError 404; 422 naming what is wrong. */
  replace(deviceId: string, id: string, flat: Fragments): Configuration {
    this.get(deviceId, id);
    const replaced = parse(id, flat);
    const list = this.list(deviceId).map((each) => (each.id === id ? replaced : each));
    this.inventory.update(deviceId, { [FRAGMENT]: list });
    return replaced;
  }

  /** Takes an endpoint away; sessions that are open through it go on. @throws PlatformError 404. */
  delete(deviceId: string, id: string): void {
    this.get(deviceId, id);
    this.inventory.update(deviceId, { [FRAGMENT]: this.list(deviceId).filter((each) => each.id !== id) });
  }
}

function parse(id: string, flat: Fragments): Configuration {
  const protocol = REMOTE_ACCESS_PROTOCOLS.find((each) => each === flat.protocol);
  if (protocol === undefined) {
    throw invalid('remoteaccess', `protocol must be one of ${REMOTE_ACCESS_PROTOCOLS.join(', ')}.`);
  }
  // Clients send the port as a number or as text (go-c8y-cli does both).
  const port = typeof flat.port === 'string' ? Number(flat.port) : flat.port;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw invalid('remoteaccess', 'port must be a whole number from 1 to 65535.');
  }
  return {
    id,
    name: text(flat, 'name'),
    hostname: text(flat, 'hostname'),
    port,
    protocol,
    credentials: credentials(protocol, flat),
  };
}

function credentials(protocol: RemoteAccessProtocol, flat: Fragments): ConfigurationCredentials {
  const type = flat.credentialsType ?? CREDENTIAL_TYPES[protocol][0];
  if (typeof type !== 'string' || !CREDENTIAL_TYPES[protocol].includes(type)) {
    throw invalid(
      'remoteaccess',
      `credentialsType of ${protocol} must be one of ${CREDENTIAL_TYPES[protocol].join(', ')}.`,
    );
  }
  for (const field of MANDATORY[type] ?? []) {
    if (typeof flat[field] !== 'string') throw invalid('remoteaccess', `${field} is mandatory with ${type}.`);
  }
  const given = (field: string) => (typeof flat[field] === 'string' ? flat[field] : null);
  return {
    type,
    username: given('username'),
    password: cipher(given('password')),
    publicKey: given('publicKey'),
    privateKey: cipher(given('privateKey')),
    certificate: given('certificate'),
    hostKey: given('hostKey'),
  };
}

/** Stored secrets are read back with this prefix and never in the clear; nobody can get them from the simulator. */
function cipher(secret: string | null): string | null {
  return secret === null ? null : '{cipher}simulated';
}

function text(flat: Fragments, field: string): string {
  const value = flat[field];
  if (typeof value === 'string' && value !== '' && value.length <= 255) return value;
  throw invalid('remoteaccess', `${field} must be text of 1 to 255 characters.`);
}
