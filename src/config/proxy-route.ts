import type { ProxyConfig } from './config.js';
import { bypassesProxy } from './no-proxy.js';
import { isLoopback } from './urls.js';

/** What decides which way a connection to the cloud side takes. */
export interface ProxyRouteOptions {
  readonly proxy: ProxyConfig | undefined;
  /** The environment names the proxy, for the whole machine, and not our configuration. */
  readonly isFromEnvironment: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'ws:': 80,
  'wss:': 443,
  'mqtt:': 1883,
  'mqtts:': 8883,
};

/** The proxy on the way to each host of the cloud side, which NO_PROXY may name one by one. */
export class ProxyRoute {
  readonly #options: ProxyRouteOptions;
  readonly #noProxy: string | undefined;

  constructor(options: ProxyRouteOptions) {
    this.#options = options;
    const { env } = options;
    this.#noProxy = [env.NO_PROXY, env.no_proxy].find((value) => (value ?? '') !== '');
  }

  /** The proxy for connections to the host of `url`; undefined when they go there directly. */
  to(url: string): ProxyConfig | undefined {
    return this.bypasses(url) ? undefined : this.#options.proxy;
  }

  /** NO_PROXY names the host of `url`, or it is loopback and only the environment has a proxy, as in Go and curl. */
  bypasses(url: string): boolean {
    const { hostname, port, protocol } = new URL(url);
    if (isLoopback(hostname) && this.#options.isFromEnvironment) return true;
    const number = port === '' ? (DEFAULT_PORTS[protocol] ?? 0) : Number(port);
    return this.#noProxy !== undefined && bypassesProxy(this.#noProxy, hostname, number);
  }
}
