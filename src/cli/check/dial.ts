import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { proxyAuthorization } from '../../cloud/authorization.js';
import { trust } from '../../cloud/trusted-roots.js';
import type { Config, ProxyConfig } from '../../config/config.js';
import { ProxyRefusal, ProxyUnreachable } from './connection-error.js';

/** Longest head of a proxy's answer, in bytes. */
const MAX_PROXY_HEAD_BYTES = 16_384;

/** Where a connection goes. */
export interface Place {
  /** Name or address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** `host:port`, with brackets around IPv6. */
export function at({ host, port }: Place): string {
  return `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** Host and port of a URL, with the usual port of its scheme. */
export function placeOf(url: string): Place & { readonly isTls: boolean } {
  const { hostname, port, protocol } = new URL(url);
  const isTls = ['https:', 'wss:', 'mqtts:'].includes(protocol);
  const usual = { 'mqtt:': 1883, 'mqtts:': 8883 }[protocol] ?? (isTls ? 443 : 80);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? usual : Number(port), isTls };
}

/**
 * A TCP connection. Rejects with the signal's reason when that comes first.
 *
 * @param addresses which addresses of the host may be dialled. Default: all that it has.
 */
export async function dialTcp(
  { host, port }: Place,
  signal: AbortSignal,
  addresses?: readonly string[],
): Promise<net.Socket> {
  signal.throwIfAborted();
  const socket = net.connect({ host, port, ...(addresses === undefined ? {} : { lookup: only(addresses) }) });
  return whenReady(socket, 'connect', signal);
}

/** A lookup that has been done. */
function only(addresses: readonly string[]): net.LookupFunction {
  const found = addresses.map((address) => ({ address, family: net.isIP(address) }));
  return (_, { all }, done) => {
    if (all === true) done(null, found);
    else done(null, found[0]?.address ?? '', found[0]?.family);
  };
}

/**
 * A connection to `place` through the proxy's CONNECT (RFC 9110 section 9.3.6).
 * @throws ProxyRefusal when it says no, ProxyUnreachable when it is not there, no proxy, or says nothing.
 */
export async function dialProxy(
  proxy: ProxyConfig,
  place: Place,
  cloud: Pick<Config['cloud'], 'ca' | 'minTlsVersion'>,
  signal: AbortSignal,
): Promise<net.Socket> {
  const socket = await openProxy(proxy, cloud, signal).catch((error: unknown) => {
    throw new ProxyUnreachable(proxy, error);
  });
  const target = at(place);
  const authorization = proxyAuthorization(proxy);
  const credentials = authorization === undefined ? '' : `Proxy-Authorization: ${authorization}\r\n`;
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${credentials}\r\n`);
  try {
    const status = await proxyStatus(socket, signal);
    if (status < 200 || status > 299) throw new ProxyRefusal(proxy, status);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error instanceof ProxyRefusal ? error : new ProxyUnreachable(proxy, error);
  }
}

/** TCP to the proxy, and TLS on it where it wants that. */
async function openProxy(
  proxy: ProxyConfig,
  cloud: Pick<Config['cloud'], 'ca' | 'minTlsVersion'>,
  signal: AbortSignal,
): Promise<net.Socket> {
  const socket = await dialTcp(proxy, signal);
  return proxy.isSecure === true ? dialTls(socket, proxy, cloud, signal) : socket;
}

/** The proxy on the way to one of the places of the configuration, which NO_PROXY may name one by one. */
export function proxyTo({ cloud, intake }: Config, place: Place): ProxyConfig | undefined {
  const isAt = (url: string): boolean => at(placeOf(url)) === at(place);
  if (isAt(cloud.url)) return cloud.proxy;
  return isAt(cloud.remoteAccessUrl)
    ? cloud.remoteAccessProxy
    : isAt(intake.mqttUrl)
      ? cloud.mqttProxy
      : cloud.proxy;
}

/** To the cloud the way the agent goes: through the proxy when there is one. */
export async function dialCloud(config: Config, place: Place, signal: AbortSignal): Promise<net.Socket> {
  const proxy = proxyTo(config, place);
  return proxy === undefined ? dialTcp(place, signal) : dialProxy(proxy, place, config.cloud, signal);
}

/**
 * TLS on a connection. With `look` an untrusted certificate is no error, so that it can be described; nothing may be
 * sent on such a connection.
 */
export async function dialTls(
  socket: net.Socket,
  { host }: Place,
  cloud: Pick<Config['cloud'], 'ca' | 'minTlsVersion'>,
  signal: AbortSignal,
  mode: 'verify' | 'look' = 'verify',
): Promise<tls.TLSSocket> {
  const secure = tls.connect({
    socket,
    ...trust(cloud),
    rejectUnauthorized: mode === 'verify',
    // A name of an address is not allowed in SNI (RFC 6066 section 3); it is still verified.
    ...(net.isIP(host) === 0 ? { servername: host } : { host }),
  });
  return whenReady(secure, 'secureConnect', signal);
}

async function whenReady<S extends net.Socket>(socket: S, event: string, signal: AbortSignal): Promise<S> {
  try {
    await once(socket, event, { signal });
    // Later errors end what is being done with the socket; without a listener they would end the process.
    socket.on('error', () => socket.destroy());
    return socket;
  } catch (error) {
    socket.on('error', () => undefined);
    socket.destroy();
    throw signal.aborted ? signal.reason : error;
  }
}

/** Reads up to the empty line and not a byte further: what follows belongs to the tunnel. */
async function proxyStatus(socket: net.Socket, signal: AbortSignal): Promise<number> {
  let head = Buffer.alloc(0);
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) {
      if (socket.readableEnded || socket.destroyed) throw new Error('the proxy closed the connection');
      await untilReadable(socket, signal);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end !== -1) {
      socket.unshift(head.subarray(end + 4));
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(head.toString('latin1', 0, end))?.[1];
      if (status === undefined) throw new Error('the proxy does not speak HTTP');
      return Number(status);
    }
    if (head.length > MAX_PROXY_HEAD_BYTES) throw new Error('the proxy does not speak HTTP');
  }
}

/** Resolves when there is something to read, or nothing ever will be. */
async function untilReadable(socket: net.Socket, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  const events = ['readable', 'end', 'close'].map((event) => once(socket, event, { signal: either }));
  try {
    await Promise.race(events);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    done.abort();
    await Promise.allSettled(events);
  }
}
