import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { createWebSocketStream, WebSocket } from 'ws';
import type { Config, DeviceCertificate } from '../config/config.js';
import { connectThroughProxy } from './connect-proxy.js';
import { LinkError } from './link-error.js';
import { MAX_MQTT_PACKET_BYTES } from './packet-scanner.js';
import { isTlsCode, tlsSentence } from './tls-trouble.js';
import { trust } from './trusted-roots.js';

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'mqtt:': 1883,
  'mqtts:': 8883,
  'ws:': 80,
  'wss:': 443,
};

export interface MqttTransportOptions {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`; host, optional port, and a path for the last two. */
  readonly url: string;
  readonly ca: string | undefined;
  readonly minTlsVersion: Config['cloud']['minTlsVersion'];
  readonly proxy: Config['cloud']['proxy'];
  /** Shown to the broker in the TLS handshake; asked for at every connect. Default none. */
  readonly certificate?: () => Pick<DeviceCertificate, 'chain' | 'key'> | undefined;
  /** Longest time for all of it: proxy, TCP, TLS, WebSocket; in ms. */
  readonly connectMs: number;
}

/**
 * A byte stream to the broker: TCP directly or through the proxy, then TLS, then a WebSocket, as the URL says. All of
 * it under one absolute deadline. @throws LinkError
 */
export async function openMqttTransport(options: MqttTransportOptions, signal: AbortSignal): Promise<Duplex> {
  const url = new URL(options.url);
  const own = new AbortController();
  const abort = () => {
    own.abort();
  };
  const timer = setTimeout(abort, options.connectMs);
  signal.addEventListener('abort', abort);
  try {
    const socket = await openSocket(url, options, own.signal);
    const isWebSocket = url.protocol === 'ws:' || url.protocol === 'wss:';
    return isWebSocket ? await upgrade(url, socket, own.signal) : socket;
  } catch (error) {
    if (own.signal.aborted) {
      throw new LinkError(`${url.host} was not reached within ${options.connectMs} ms`, { cause: error });
    }
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

async function openSocket(url: URL, options: MqttTransportOptions, signal: AbortSignal): Promise<net.Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? 8883) : Number(url.port);
  const socket =
    options.proxy === undefined
      ? net.connect({ host, port, signal, noDelay: true })
      : await connectThroughProxy({ ...options, proxy: options.proxy }, { host, port }, signal);
  if (options.proxy === undefined) await ready(socket, 'connect', url, signal);
  if (url.protocol === 'mqtt:' || url.protocol === 'ws:') return socket;
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  const trusted = trust(options, options.certificate?.());
  const secure = tls.connect({ socket, host, ...servername, ...trusted });
  await ready(secure, 'secureConnect', url, signal);
  return secure;
}

/** Waits for `event` of a socket; destroys the socket when anything else comes first. */
function ready(socket: net.Socket, event: string, url: URL, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (failure?: LinkError) => {
      socket.off(event, onReady).off('error', onError).off('close', onClose);
      signal.removeEventListener('abort', onClose);
      if (failure === undefined) {
        resolve();
        return;
      }
      // What comes after the failure interests nobody, but an error without listener ends the process.
      socket.on('error', () => undefined).destroy();
      reject(failure);
    };
    const onReady = () => settle();
    const onClose = () => settle(new LinkError(`${url.host} closed the connection before it was up`));
    const onError = (error: NodeJS.ErrnoException) => settle(socketError(url, error));
    socket.on(event, onReady).on('error', onError).on('close', onClose);
    signal.addEventListener('abort', onClose);
  });
}

function socketError(url: URL, error: NodeJS.ErrnoException): LinkError {
  const code = error.code ?? error.message;
  return isTlsCode(code)
    ? new LinkError(tlsSentence(url.host, code, Date.now()), {
        pace: { kind: 'slow' },
        cause: error,
      })
    : new LinkError(`${url.host} cannot be reached (${code})`, { cause: error });
}

function upgrade(url: URL, socket: net.Socket, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const webSocket = new WebSocket(url, 'mqtt', {
      createConnection: () => socket,
      perMessageDeflate: false,
      maxPayload: 2 * MAX_MQTT_PACKET_BYTES,
      followRedirects: false,
    });
    const fail = (sentence: string, slow: boolean) => {
      signal.removeEventListener('abort', onAbort);
      webSocket.on('error', () => undefined).terminate();
      socket.destroy();
      reject(new LinkError(sentence, { pace: { kind: slow ? 'slow' : 'normal' } }));
    };
    const onAbort = () => fail(`${url.host} did not answer the upgrade`, false);
    signal.addEventListener('abort', onAbort);
    webSocket.once('open', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(createWebSocketStream(webSocket));
    });
    webSocket.once('unexpected-response', (_request, response) =>
      fail(`${url.host}${url.pathname} answered ${String(response.statusCode)} instead of an upgrade`, true),
    );
    webSocket.once('error', (error) => fail(`${url.host}${url.pathname}: ${error.message}`, false));
  });
}
