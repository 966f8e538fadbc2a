import { createHash, createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { full } from './platform-error.js';

/** Roles that the simulator knows and checks. */
export type Role =
  | 'ROLE_DEVICE_BOOTSTRAP'
  | 'ROLE_DEVICE_CONTROL_ADMIN'
  | 'ROLE_DEVICE_CONTROL_READ'
  | 'ROLE_EVENT_ADMIN'
  | 'ROLE_EVENT_READ'
  | 'ROLE_IDENTITY_ADMIN'
  | 'ROLE_IDENTITY_READ'
  | 'ROLE_INVENTORY_ADMIN'
  | 'ROLE_INVENTORY_CREATE'
  | 'ROLE_INVENTORY_READ'
  | 'ROLE_OPTION_MANAGEMENT_ADMIN'
  | 'ROLE_OPTION_MANAGEMENT_READ'
  | 'ROLE_REMOTE_ACCESS_ADMIN'
  | 'ROLE_USER_MANAGEMENT_OWN_READ';

/** Every role of a tenant administrator: all but the bootstrap role, which belongs to one technical user. */
export const ADMIN_ROLES: readonly Role[] = [
  'ROLE_DEVICE_CONTROL_ADMIN',
  'ROLE_DEVICE_CONTROL_READ',
  'ROLE_EVENT_ADMIN',
  'ROLE_EVENT_READ',
  'ROLE_IDENTITY_ADMIN',
  'ROLE_IDENTITY_READ',
  'ROLE_INVENTORY_ADMIN',
  'ROLE_INVENTORY_CREATE',
  'ROLE_INVENTORY_READ',
  'ROLE_OPTION_MANAGEMENT_ADMIN',
  'ROLE_OPTION_MANAGEMENT_READ',
  'ROLE_REMOTE_ACCESS_ADMIN',
  'ROLE_USER_MANAGEMENT_OWN_READ',
];

/** What a device user may do beyond its own device tree: create objects and bind external ids to them. */
export const DEVICE_ROLES: readonly Role[] = ['ROLE_INVENTORY_CREATE', 'ROLE_USER_MANAGEMENT_OWN_READ'];

/** Somebody who may log in. */
export interface User {
  readonly tenant: string;
  readonly name: string;
  readonly roles: ReadonlySet<Role>;
  /** External id of the device that this user belongs to; undefined for people and technical users. */
  readonly deviceExternalId: string | undefined;
}

/** A bearer token; `xsrf` is set when it came from a cookie login and is then wanted back in a header. */
export interface Token {
  readonly value: string;
  readonly user: User;
  readonly expiresAtMs: number;
  readonly xsrf: string | undefined;
}

interface StoredUser {
  readonly user: User;
  readonly password: string;
}

/** Users kept. One for each device of the largest load test (100,000 managed objects) and some people. */
const MAX_USERS = 110_000;

/** Tokens kept; the oldest goes first. A device asks for one an hour or, at worst, one a session. */
const MAX_TOKENS = 100_000;

/** Users, their passwords and tokens. Nothing here is ever logged. */
export class Users {
  readonly #users = new Map<string, StoredUser>();
  readonly #tokens = new Map<string, Token>();
  readonly #secret = randomBytes(32);

  /**
   * @param tenant Tenant of user names given without one.
   * @param now Time in ms since 1970.
   * @param tokenLifeMs Life of a token in ms; the platform's default is 3,600,000.
   */
  constructor(
    readonly tenant: string,
    private readonly now: () => number,
    private readonly tokenLifeMs: number,
  ) {}

  /** Creates a user or replaces the one of this name. @throws PlatformError 507 when the store is full. */
  add(
    name: string,
    password: string,
    roles: Iterable<Role>,
    more: { readonly tenant?: string; readonly deviceExternalId?: string } = {},
  ): User {
    if (this.#users.size >= MAX_USERS) throw full('user', MAX_USERS);
    const user: User = {
      tenant: more.tenant ?? this.tenant,
      name,
      roles: new Set(roles),
      deviceExternalId: more.deviceExternalId,
    };
    this.#users.set(`${user.tenant}/${name}`, { user, password });
    return user;
  }

  /** Creates the user `device_<externalId>`. */
  addDevice(externalId: string, password: string = randomPassword()): { user: User; password: string } {
    return {
      user: this.add(`device_${externalId}`, password, DEVICE_ROLES, { deviceExternalId: externalId }),
      password,
    };
  }

  /** Takes the user away, with all its tokens. */
  remove(name: string, tenant: string = this.tenant): void {
    this.#users.delete(`${tenant}/${name}`);
    for (const [value, { user }] of this.#tokens) {
      if (user.name === name && user.tenant === tenant) this.#tokens.delete(value);
    }
  }

  get(name: string, tenant: string = this.tenant): User | undefined {
    return this.#users.get(`${tenant}/${name}`)?.user;
  }

  /** The user of a login name `tenant/user` or `user`, if the password is right. */
  login(loginName: string, password: string): User | undefined {
    const slash = loginName.indexOf('/');
    const key = slash < 0 ? `${this.tenant}/${loginName}` : loginName;
    const stored = this.#users.get(key);
    return stored !== undefined && same(stored.password, password) ? stored.user : undefined;
  }

  /** The user of an `Authorization` header, Basic or Bearer; undefined when it is missing, unreadable or wrong. */
  authenticate(authorization: string | undefined): User | undefined {
    const [, scheme, value] = /^(Basic|Bearer)\s+(\S+)\s*$/i.exec(authorization ?? '') ?? [];
    if (scheme === undefined || value === undefined) return undefined;
    if (scheme.toLowerCase() === 'bearer') return this.token(value)?.user;
    const plain = Buffer.from(value, 'base64').toString('utf8');
    const colon = plain.indexOf(':');
    return colon < 0 ? undefined : this.login(plain.slice(0, colon), plain.slice(colon + 1));
  }

  /** Issues a bearer token in the form of a JWT. With `cookie` it carries an XSRF value too. */
  issueToken(user: User, options: { readonly cookie?: boolean; readonly lifeMs?: number } = {}): Token {
    const atMs = this.now();
    const expiresAtMs = atMs + (options.lifeMs ?? this.tokenLifeMs);
    const xsrf = options.cookie === true ? randomBytes(15).toString('base64url') : undefined;
    const claims = {
      jti: randomUUID(),
      iss: `${user.tenant}.simulator`,
      aud: `${user.tenant}.simulator`,
      sub: user.name,
      tci: randomUUID(),
      iat: Math.floor(atMs / 1000),
      nbf: Math.floor(atMs / 1000),
      exp: Math.floor(expiresAtMs / 1000),
      tfa: false,
      ten: user.tenant,
      xsrfToken: xsrf,
    };
    const body = `${base64({ typ: 'JWT', alg: 'HS256' })}.${base64(claims)}`;
    const value = `${body}.${createHmac('sha256', this.#secret).update(body).digest('base64url')}`;
    const token = { value, user, expiresAtMs, xsrf };
    this.#tokens.set(value, token);
    if (this.#tokens.size > MAX_TOKENS) this.#tokens.delete(this.#tokens.keys().next().value ?? '');
    return token;
  }

  /** The tokens that it knows, oldest first; some may have ended. */
  tokens(): readonly Token[] {
    return [...this.#tokens.values()];
  }

  /** The token of this value while it is good. */
  token(value: string): Token | undefined {
    const token = this.#tokens.get(value);
    if (token === undefined || token.expiresAtMs > this.now()) return token;
    this.#tokens.delete(value);
    return undefined;
  }

  /** Ends one token (logout). */
  revoke(value: string): void {
    this.#tokens.delete(value);
  }

  /** Ends every token at once, as a restart of the platform's token service would. */
  expireTokens(): void {
    this.#tokens.clear();
  }
}

/** A password of 24 letters and digits that needs no quoting in a shell. */
export function randomPassword(): string {
  return randomBytes(18).toString('base64url').replaceAll(/[-_]/g, 'x');
}

function base64(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function same(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
