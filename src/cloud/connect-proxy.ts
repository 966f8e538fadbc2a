import net from 'node:net';
import tls from 'node:tls';
import type { Config, ProxyConfig } from '../config/config.js';
import { proxyAuthorization } from './authorization.js';
import { LinkError } from './link-error.js';
import { hintAt } from './network-error.js';
import { isTlsCode, tlsSentence } from './tls-trouble.js';
import { trust } from './trusted-roots.js';

/** Header of a proxy's answer that is read before it counts as broken, in bytes. */
const MAX_ANSWER_BYTES = 8_192;

/** The proxy, and whom to believe where it is spoken to by TLS. */
export interface ProxyWay extends Pick<Config['cloud'], 'ca' | 'minTlsVersion'> {
  readonly proxy: ProxyConfig;
}

/**
 * A TCP connection to `host:port` through an HTTP proxy (RFC 9110 9.3.6). Aborting `signal` destroys it at any time
 * before it is handed over. @throws LinkError
 */
export async function connectThroughProxy(
  way: ProxyWay,
  target: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<net.Socket> {
  const { proxy } = way;
  const name = `the proxy ${proxy.host}:${proxy.port}`;
  const socket = connectTo(way, signal);
  const authority = target.host.includes(':')
    ? `[${target.host}]:${target.port}`
    : `${target.host}:${target.port}`;
  const credentials = proxyAuthorization(proxy);
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (credentials !== undefined) lines.push(`Proxy-Authorization: ${credentials}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  try {
    const status = await answerOf(socket, name);
    // RFC 9110 9.3.6: any 2xx opens the tunnel.
    if (status >= 200 && status <= 299) return socket;
    const pace = status === 407 ? ({ kind: 'slow' } as const) : ({ kind: 'normal' } as const);
    throw new LinkError(`${name} answered ${status} to CONNECT${hintAt(String(status))}`, { pace });
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** What is written before it is connected goes out behind the handshakes. */
function connectTo({ proxy, ...cloud }: ProxyWay, signal: AbortSignal): net.Socket {
  const place = { host: proxy.host, port: proxy.port };
  if (proxy.isSecure !== true) return net.connect({ ...place, signal, noDelay: true });
  const servername = net.isIP(proxy.host) === 0 ? { servername: proxy.host } : {};
  const socket = tls.connect({ ...place, ...servername, ...trust(cloud) });
  const onAbort = () => socket.destroy();
  signal.addEventListener('abort', onAbort);
  socket.once('close', () => signal.removeEventListener('abort', onAbort));
  if (signal.aborted) onAbort();
  return socket.setNoDelay(true);
}

/** The status of the answer; bytes behind its header go back into the socket. */
function answerOf(socket: net.Socket, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const settle = (outcome: number | LinkError) => {
      socket.off('data', onData).off('error', onError).off('close', onClose).pause();
      if (typeof outcome === 'number') resolve(outcome);
      else reject(outcome);
    };
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf('\r\n\r\n');
      if ((end === -1 ? received.length : end) > MAX_ANSWER_BYTES) {
        settle(new LinkError(`${name} answered with an endless header`));
        return;
      }
      if (end === -1) return;
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(received.toString('latin1', 0, end))?.[1];
      if (status === undefined) {
        settle(new LinkError(`${name} does not speak HTTP`));
        return;
      }
      settle(Number(status));
      const rest = received.subarray(end + 4);
      if (rest.length > 0) socket.unshift(rest);
    };
    const onError = (error: NodeJS.ErrnoException) => settle(brokenProxy(name, error));
    const onClose = () => settle(new LinkError(`${name} closed the connection`));
    socket.on('data', onData).on('error', onError).on('close', onClose);
  });
}

function brokenProxy(name: string, error: NodeJS.ErrnoException): LinkError {
  const code = error.code ?? error.message;
  if (!isTlsCode(code)) return new LinkError(`${name} cannot be reached (${code})`, { cause: error });
  return new LinkError(tlsSentence(name, code, Date.now()), { pace: { kind: 'slow' }, cause: error });
}
