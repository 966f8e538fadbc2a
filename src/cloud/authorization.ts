import type { Secret } from '../../contract/secret.js';
import type { Config, DeviceCertificate } from '../config/config.js';

/** Who we are towards the cloud, in the form that each protocol wants. Every value is a secret: never log it. */
export interface Credentials {
  /**
   * Value of the Authorization header of REST requests and tunnels; undefined = none is sent.
   * @throws TokenError when the device certificate brings no token.
   */
  authorization(): Promise<string | undefined>;
  /** Whether there can be another value. */
  readonly canRenew: boolean;
  /**
   * Another value after the cloud answered 401 to `refused`; undefined when there is none.
   * @throws TokenError
   */
  renewed(refused: string): Promise<string | undefined>;
  /** User name and password of MQTT; undefined where there are none: a token is not taken, a certificate needs none. */
  mqttLogin(): { readonly username: string; readonly password: string } | undefined;
}

/** Tokens that are fetched: for a device certificate, or over thin-edge.io. */
export interface Tokens {
  current(): Promise<Secret>;
  renewed(refused: string): Promise<Secret | undefined>;
  close(): void;
}

/** @param certificate undefined where thin-edge.io is logged in with one. */
export type NewTokens = (certificate: DeviceCertificate | undefined) => Tokens;

type Cloud = Pick<Config['cloud'], 'tenant' | 'credentials'>;

/** The Authorization header that stands in the configuration; undefined where a token is fetched. */
export function configuredAuthorization({ credentials, tenant }: Cloud): string | undefined {
  switch (credentials.kind) {
    case 'token':
      return `Bearer ${credentials.token.reveal()}`;
    case 'basic':
      return basic(withTenant(tenant, credentials.user), credentials.password.reveal());
    case 'certificate':
    case 'thin-edge':
      return undefined;
  }
}

/** The credentials of the configuration; `tokens` are for those that have none in it, but a way to fetch some. */
export function credentialsOf(cloud: Cloud, tokens?: Tokens): Credentials {
  const { credentials, tenant } = cloud;
  if (credentials.kind === 'certificate' || credentials.kind === 'thin-edge')
    return new TokenCredentials(tokens);
  const authorization = configuredAuthorization(cloud);
  const login =
    credentials.kind === 'token'
      ? undefined
      : { username: withTenant(tenant, credentials.user), password: credentials.password };
  return {
    authorization: () => Promise.resolve(authorization),
    canRenew: false,
    renewed: () => Promise.resolve(undefined),
    mqttLogin: () =>
      login === undefined ? undefined : { username: login.username, password: login.password.reveal() },
  };
}

class TokenCredentials implements Credentials {
  readonly canRenew = true;

  constructor(private readonly tokens: Tokens | undefined) {}

  async authorization(): Promise<string | undefined> {
    const token = await this.tokens?.current();
    return token === undefined ? undefined : `${BEARER}${token.reveal()}`;
  }

  async renewed(refused: string): Promise<string | undefined> {
    const token = await this.tokens?.renewed(refused.slice(BEARER.length));
    return token === undefined ? undefined : `${BEARER}${token.reveal()}`;
  }

  mqttLogin(): undefined {
    return undefined;
  }
}

const BEARER = 'Bearer ';

/** Credentials that can be replaced: the next request, login and tunnel use the new ones. */
export class CurrentCredentials implements Credentials {
  readonly #newTokens: NewTokens | undefined;
  #cloud: Cloud;
  #tokens: Tokens | undefined;
  #current: Credentials;

  /** `newTokens` makes what fetches tokens, for kinds of credentials that need it. */
  constructor(cloud: Cloud, newTokens?: NewTokens) {
    this.#newTokens = newTokens;
    this.#cloud = cloud;
    this.#current = this.#make(cloud);
  }

  /** The certificate that the device logs in with, if it does. */
  get certificate(): DeviceCertificate | undefined {
    const { credentials } = this.#cloud;
    return credentials.kind === 'certificate' ? credentials.certificate : undefined;
  }

  /** Takes these from now on; false when they are the ones that it has, whose token then stays. */
  replace(cloud: Cloud): boolean {
    if (isSame(this.#cloud, cloud)) return false;
    this.close();
    this.#cloud = cloud;
    this.#current = this.#make(cloud);
    return true;
  }

  get canRenew(): boolean {
    return this.#current.canRenew;
  }

  authorization(): Promise<string | undefined> {
    return this.#current.authorization();
  }

  renewed(refused: string): Promise<string | undefined> {
    return this.#current.renewed(refused);
  }

  mqttLogin(): ReturnType<Credentials['mqttLogin']> {
    return this.#current.mqttLogin();
  }

  /** Gives up a fetch that is under way. */
  close(): void {
    this.#tokens?.close();
  }

  #make(cloud: Cloud): Credentials {
    const { credentials } = cloud;
    this.#tokens = undefined;
    if (credentials.kind === 'certificate') this.#tokens = this.#newTokens?.(credentials.certificate);
    if (credentials.kind === 'thin-edge') this.#tokens = this.#newTokens?.(undefined);
    return credentialsOf(cloud, this.#tokens);
  }
}

/** The Proxy-Authorization header value of a proxy, or undefined when it wants none. */
export function proxyAuthorization(proxy: NonNullable<Config['cloud']['proxy']>): string | undefined {
  return proxy.user === undefined ? undefined : basic(proxy.user, proxy.password?.reveal() ?? '');
}

function isSame(a: Cloud, b: Cloud): boolean {
  if (a.credentials.kind === 'certificate' && b.credentials.kind === 'certificate') {
    const [one, other] = [a.credentials.certificate, b.credentials.certificate];
    return one.chain === other.chain && one.key.reveal() === other.key.reveal();
  }
  if (a.credentials.kind === 'thin-edge') return b.credentials.kind === 'thin-edge';
  const authorization = configuredAuthorization(a);
  return authorization !== undefined && authorization === configuredAuthorization(b);
}

function withTenant(tenant: string, user: string): string {
  return tenant === '' ? user : `${tenant}/${user}`;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
