import net from 'node:net';
import tls from 'node:tls';
import { nameless } from '../../contract/certificate-names.js';
import { GatehouseError } from '../../contract/failure.js';
import { TCP_KEEP_ALIVE_MS, TLS_SECURITY_LEVEL } from '../../contract/limits.js';
import { withSystemRoots } from '../../contract/system-roots.js';
import type { Endpoint, Tunnel, WorkerSettings } from '../../contract/messages.js';
import { withDeadline } from './deadline.js';
import { cloudFailure, CredentialsRefused, describe, proxyTlsFailure } from './failure.js';
import { connectThrough } from './proxy.js';
import { race } from './race.js';
import { openTcp } from './target.js';
import { upgrade } from './upgrade.js';
import { Wire, type CloudWire } from './wire.js';

/** TLS settings made once per thread: reading the roots anew for each dial would cost more than the handshake. */
export function tlsContext(
  ca: string | undefined,
  minVersion: WorkerSettings['minTlsVersion'] = 'TLSv1.2',
): tls.SecureContext {
  return tls.createSecureContext({
    minVersion,
    ciphers: `${tls.DEFAULT_CIPHERS}:${TLS_SECURITY_LEVEL}`,
    // Naming roots replaces the usual ones.
    ca: [...withSystemRoots(nodeRoots()), ...(ca === undefined ? [] : [ca])],
  });
}

/** What Node trusts by itself. */
function nodeRoots(): readonly string[] {
  const newer = tls as { readonly getCACertificates?: (kind: 'default') => string[] };
  return newer.getCACertificates?.('default') ?? tls.rootCertificates;
}

/** Asks for another Authorization header. */
export type Renew = (signal: AbortSignal) => Promise<string | undefined>;

/**
 * Dials `tunnel`: TCP to the cloud or its proxy, CONNECT, TLS, upgrade, all under one deadline. The socket comes back
 * paused and without listeners.
 *
 * @param renew gives another Authorization header when the tunnel's is answered 401, undefined when there is none; asked
 * once, and only for a tunnel that is renewable. The deadline goes on meanwhile.
 * @throws GatehouseError with a cloud-* code or local-resources; or the signal's reason.
 */
export async function dialCloud(
  tunnel: Tunnel,
  context: tls.SecureContext,
  timeoutMs: number,
  signal: AbortSignal,
  renew: Renew = () => Promise.resolve(undefined),
): Promise<CloudWire> {
  const cloud = new URL(tunnel.url).host;
  let isAtProxy = tunnel.proxy !== undefined;
  const late = (): Error =>
    isAtProxy
      ? new GatehouseError(
          'cloud-proxy',
          `The HTTP proxy ${describe(tunnel.endpoint)} opened no way to ${cloud} within ${timeoutMs / 1000} s.`,
        )
      : new GatehouseError(
          'cloud-timeout',
          `${cloud} did not complete the handshake within ${timeoutMs / 1000} s.`,
        );
  try {
    return await withDeadline(timeoutMs, late, signal, async (inner) => {
      const attempt = async (authorization: string): Promise<CloudWire> => {
        isAtProxy = tunnel.proxy !== undefined;
        const wire = await connect(tunnel, context, inner, () => (isAtProxy = false));
        return upgrade(wire, { url: tunnel.url, authorization }, inner);
      };
      try {
        return await attempt(tunnel.authorization);
      } catch (error) {
        if (tunnel.isRenewable !== true || !(error instanceof CredentialsRefused)) throw error;
        const fresh = await renew(inner);
        if (fresh === undefined) throw error;
        return attempt(fresh);
      }
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw cloudFailure(error, cloud);
  }
}

async function connect(
  tunnel: Tunnel,
  context: tls.SecureContext,
  signal: AbortSignal,
  onProxyPassed: () => void,
): Promise<Wire> {
  const url = new URL(tunnel.url);
  const secure = url.protocol === 'wss:';
  const { endpoint, proxy } = tunnel;
  if (proxy !== undefined) {
    const socket = await viaProxy(tunnel, context, url, signal);
    onProxyPassed();
    if (!secure) return new Wire().attach(socket, false);
    return secured(openTls({ socket, context, host: url.hostname }), signal);
  }
  if (!secure) return race(endpoint, (address) => openTcp(address, endpoint.port), signal);
  const wire = await race(
    endpoint,
    (address) => openTls({ address, port: endpoint.port, context, host: url.hostname }),
    signal,
  );
  return secured(wire, signal);
}

async function viaProxy(
  { endpoint, proxy }: Tunnel,
  context: tls.SecureContext,
  url: URL,
  signal: AbortSignal,
): Promise<net.Socket> {
  const name = describe(endpoint);
  const wire = await race(endpoint, (address) => openTcpEvents(address, endpoint.port), signal).catch(
    (error: unknown) => {
      if (signal.aborted) throw error;
      throw new GatehouseError('cloud-proxy', `The HTTP proxy ${name} cannot be reached.`, { cause: error });
    },
  );
  const { socket } = proxy?.isSecure === true ? await securedProxy(wire, context, endpoint, signal) : wire;
  const port = url.port === '' ? (url.protocol === 'wss:' ? 443 : 80) : Number(url.port);
  return connectThrough(socket, name, `${url.hostname}:${port}`, proxy?.authorization, signal);
}

/** TLS to the proxy, in which TLS to the cloud then runs. */
async function securedProxy(
  { socket }: Wire,
  context: tls.SecureContext,
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<Wire> {
  try {
    return await secured(openTls({ socket, context, host: endpoint.host }), signal);
  } catch (error) {
    if (signal.aborted) throw error;
    throw proxyTlsFailure(error, describe(endpoint));
  }
}

/** A plain socket with 'data' events: TLS on top of it reads it itself. */
function openTcpEvents(host: string, port: number): Wire {
  const socket = net.connect({
    host,
    port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  });
  socket.pause();
  return new Wire().attach(socket, false);
}

interface TlsTarget {
  readonly context: tls.SecureContext;
  /** What the certificate has to name. */
  readonly host: string;
  readonly address?: string;
  readonly port?: number;
  readonly socket?: net.Socket;
}

function openTls({ context, host, address, port, socket }: TlsTarget): Wire {
  const wire = new Wire();
  const name = host.replace(/^\[|\]$/g, '');
  // @types/node does not know that a TLS socket takes allowHalfOpen, too.
  const options: tls.ConnectionOptions & { allowHalfOpen: boolean } = {
    secureContext: context,
    // Given explicitly, it is stronger than NODE_TLS_REJECT_UNAUTHORIZED.
    rejectUnauthorized: true,
    // RFC 6066: a literal address is not a server name.
    servername: net.isIP(name) === 0 ? name : '',
    ALPNProtocols: ['http/1.1'],
    allowHalfOpen: true,
    checkServerIdentity: (_servername, certificate) =>
      nameless(certificate) ?? tls.checkServerIdentity(name, certificate),
    ...(socket === undefined ? { host: address, port, onread: wire.onread } : { socket }),
  };
  const secure = tls.connect(options);
  if (socket === undefined) {
    secure.setNoDelay(true);
    secure.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
  }
  return wire.attach(secure, socket === undefined);
}

/** Resolves when the TLS handshake is done and the certificate is good. */
function secured(wire: Wire, signal: AbortSignal): Promise<Wire> {
  const { socket } = wire;
  return new Promise((resolve, reject) => {
    const finish = (error?: Error): void => {
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('secureConnect', onSecure);
      socket.removeListener('error', finish);
      socket.removeListener('close', onClose);
      if (error === undefined) return resolve(wire);
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => finish(signal.reason as Error);
    const onSecure = (): void => finish();
    const onClose = (): void =>
      finish(Object.assign(new Error('closed during the TLS handshake'), { code: 'ECONNRESET' }));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort);
    socket.once('secureConnect', onSecure);
    socket.once('error', finish);
    socket.once('close', onClose);
  });
}
