import { GatehouseError } from '../contract/failure.js';
import type { Endpoint, Tunnel } from '../contract/messages.js';
import type { Secret } from '../contract/secret.js';
import { proxyAuthorization, type Credentials } from './cloud/authorization.js';
import { tunnelUrl } from './cloud/tunnel-url.js';
import type { Config } from './config/config.js';
import type { Resolver } from './names/resolver.js';

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
   * the name does not resolve.
   */
  async open(connectionKey: Secret): Promise<Tunnel> {
    const url = tunnelUrl(this.#cloud.remoteAccessUrl, connectionKey);
    const authorization = this.#credentials.authorization();
    const { proxy } = this.#cloud;
    if (proxy !== undefined) {
      const endpoint = await this.#resolve(proxy.host, proxy.port, 'cloud-proxy');
      return { url, authorization, endpoint, proxy: { authorization: proxyAuthorization(proxy) } };
    }
    const { hostname, port, protocol } = new URL(url);
    const defaultPort = protocol === 'wss:' ? 443 : 80;
    const host = hostname.replace(/^\[|\]$/g, '');
    return {
      url,
      authorization,
      endpoint: await this.#resolve(host, Number(port) || defaultPort, 'cloud-unreachable'),
    };
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
