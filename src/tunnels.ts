import { GatehouseError, type FailureCode } from '../contract/failure.js';
import type { Endpoint, Tunnel } from '../contract/messages.js';
import type { Secret } from '../contract/secret.js';
import { proxyAuthorization, type Credentials } from './cloud/authorization.js';
import { TokenError, type TokenTrouble } from './cloud/token-error.js';
import { tunnelUrl } from './cloud/tunnel-url.js';
import type { Config } from './config/config.js';
import type { Resolver } from './names/resolver.js';

/** What a token that could not be had means for a session. */
const CODE_OF: Readonly<Record<TokenTrouble, FailureCode>> = {
  refused: 'cloud-unauthorized',
  tls: 'cloud-tls',
  proxy: 'cloud-proxy',
  timeout: 'cloud-timeout',
  unreachable: 'cloud-unreachable',
};

/**
 * Where the WebSocket of each session goes. The cloud's name is resolved here and not in the workers: Node resolves
 * two names at a time, so a burst of sessions would queue behind a slow name server.
 */
export class Tunnels {
  readonly #cloud: Config['cloud'];
  readonly #credentials: Credentials;
  readonly #resolver: Resolver;

  constructor(parts: { cloud: Config['cloud']; credentials: Credentials; resolver: Resolver }) {
    this.#cloud = parts.cloud;
    this.#credentials = parts.credentials;
    this.#resolver = parts.resolver;
  }

  /**
   * The tunnel for one connection key.
   * @throws GatehouseError invalid-operation for a key that is no path segment; cloud-unreachable or cloud-proxy when
   * the name does not resolve; these, cloud-unauthorized, cloud-tls and cloud-timeout when there is no token.
   */
  async open(connectionKey: Secret): Promise<Tunnel> {
    const url = tunnelUrl(this.#cloud.remoteAccessUrl, connectionKey);
    const authorization = await this.#authorization();
    const renewal = this.#credentials.canRenew ? ({ isRenewable: true } as const) : {};
    const { remoteAccessProxy: proxy } = this.#cloud;
    if (proxy !== undefined) {
      const endpoint = await this.#resolve(proxy.host, proxy.port, 'cloud-proxy');
      const { isSecure } = proxy;
      const credentials = proxyAuthorization(proxy);
      return {
        url,
        authorization,
        ...renewal,
        endpoint,
        proxy: {
          ...(credentials === undefined ? {} : { authorization: credentials }),
          ...(isSecure === undefined ? {} : { isSecure }),
        },
      };
    }
    const { hostname, port, protocol } = new URL(url);
    const defaultPort = protocol === 'wss:' ? 443 : 80;
    const host = hostname.replace(/^\[|\]$/g, '');
    return {
      url,
      authorization,
      ...renewal,
      endpoint: await this.#resolve(host, Number(port) || defaultPort, 'cloud-unreachable'),
    };
  }

  /** Another Authorization header after the tunnel's was answered 401; undefined when there is none. Never rejects. */
  async renewed({ authorization }: Tunnel): Promise<string | undefined> {
    try {
      return await this.#credentials.renewed(authorization);
    } catch {
      // That the cloud refused the old one is what the session fails of.
      return undefined;
    }
  }

  async #authorization(): Promise<string> {
    try {
      return (await this.#credentials.authorization()) ?? '';
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      const sentence = `There is ${error.message}.`;
      throw new GatehouseError(CODE_OF[error.trouble], sentence, { cause: error });
    }
  }

  async #resolve(host: string, port: number, code: 'cloud-unreachable' | 'cloud-proxy'): Promise<Endpoint> {
    try {
      const { addresses } = await this.#resolver.resolve(host, { cached: true });
      return { host, port, addresses };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new GatehouseError(code, `The cloud side cannot be resolved: ${why}`, { cause: error });
    }
  }
}
