import type { Config } from '../config/config.js';

/** Who we are towards the cloud, in the form that each protocol wants. Every value is a secret: never log it. */
export interface Credentials {
  /** Value of the Authorization header of REST requests and tunnels. */
  authorization(): string;
  /** User name and password of MQTT; undefined for a token, which the MQTT endpoint does not take. */
  mqttLogin(): { readonly username: string; readonly password: string } | undefined;
}

/** The credentials of the configuration. */
export function credentialsOf(cloud: Pick<Config['cloud'], 'tenant' | 'credentials'>): Credentials {
  const { credentials, tenant } = cloud;
  if (credentials.kind === 'token') {
    return { authorization: () => `Bearer ${credentials.token.reveal()}`, mqttLogin: () => undefined };
  }
  if (credentials.kind === 'thin-edge') {
    return { authorization: () => '', mqttLogin: () => undefined };
  }
  const username = tenant === '' ? credentials.user : `${tenant}/${credentials.user}`;
  return {
    authorization: () => basic(username, credentials.password.reveal()),
    mqttLogin: () => ({ username, password: credentials.password.reveal() }),
  };
}

/** Credentials that a reload replaces: the next request, login and tunnel use the new ones. */
export class CurrentCredentials implements Credentials {
  #current: Credentials;

  constructor(cloud: Pick<Config['cloud'], 'tenant' | 'credentials'>) {
    this.#current = credentialsOf(cloud);
  }

  replace(cloud: Pick<Config['cloud'], 'tenant' | 'credentials'>): void {
    this.#current = credentialsOf(cloud);
  }

  authorization(): string {
    return this.#current.authorization();
  }

  mqttLogin(): ReturnType<Credentials['mqttLogin']> {
    return this.#current.mqttLogin();
  }
}

/** The Proxy-Authorization header value of a proxy, or undefined when it wants none. */
export function proxyAuthorization(proxy: NonNullable<Config['cloud']['proxy']>): string | undefined {
  return proxy.user === undefined ? undefined : basic(proxy.user, proxy.password?.reveal() ?? '');
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
