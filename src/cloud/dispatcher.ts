import { Agent, Pool, ProxyAgent, type Dispatcher } from 'undici';
import type { Config, DeviceCertificate } from '../config/config.js';
import { proxyAuthorization } from './authorization.js';
import { trust } from './trusted-roots.js';

/** Connections to the cloud: sixteen for statuses, one for the long poll, a few for the rest. */
const MAX_CONNECTIONS = 20;

/** Bytes of one reply's header; Node's own default. */
const MAX_HEADER_BYTES = 16_384;

/** Longest time an idle connection is kept, whatever the cloud says, in ms: a NAT on the way may forget it without a word. */
const IDLE_MS = 30_000;

/** Longest time for TCP and TLS, and for a proxy's answer to CONNECT, in ms. */
const CONNECT_MS = 10_000;

/** Which way HTTP goes, and whom it believes. */
export type HttpWay = Pick<Config['cloud'], 'ca' | 'proxy' | 'minTlsVersion'>;

/** HTTP connections to the cloud side, through the proxy when there is one; `certificate` is shown to the server. */
export function dispatcherOf(way: HttpWay, certificate?: DeviceCertificate): Dispatcher {
  const { proxy } = way;
  const connect = { ...trust(way, certificate), timeout: CONNECT_MS };
  const options = {
    connections: MAX_CONNECTIONS,
    pipelining: 1,
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveMaxTimeout: IDLE_MS,
  };
  if (proxy === undefined) return new Agent({ ...options, connect });
  const host = proxy.host.includes(':') ? `[${proxy.host}]` : proxy.host;
  const token = proxyAuthorization(proxy);
  return new ProxyAgent({
    ...options,
    uri: `${proxy.isSecure ? 'https' : 'http'}://${host}:${proxy.port}`,
    ...(token === undefined ? {} : { token }),
    requestTls: connect,
    // The proxy is shown no certificate of ours: it is for the cloud.
    proxyTls: { ...trust(way), timeout: CONNECT_MS },
    // A proxy that takes the connection and says nothing would block the next tries for the default of 300 s.
    clientFactory: (origin, poolOptions) => new Pool(origin, { ...poolOptions, headersTimeout: CONNECT_MS }),
  });
}
