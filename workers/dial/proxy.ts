import http from 'node:http';
import type { Socket } from 'node:net';
import { GatehouseError } from '../../contract/failure.js';

/**
 * Asks an HTTP proxy for a tunnel to `authority` (host:port) over an open connection to it (RFC 9110 section 9.3.6).
 * The proxy's credentials go to the proxy alone, never to the cloud.
 *
 * @throws GatehouseError cloud-proxy; or the signal's reason.
 */
export function connectThrough(
  socket: Socket,
  proxyName: string,
  authority: string,
  authorization: string | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const request = http.request({
      method: 'CONNECT',
      path: authority,
      headers: {
        host: authority,
        ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
      },
      createConnection: () => socket,
      signal,
    });
    const fail = (sentence: string, cause?: unknown): void => {
      socket.destroy();
      reject(new GatehouseError('cloud-proxy', sentence, { cause }));
    };
    request.on('connect', (response, tunnel: Socket, head) => {
      const status = response.statusCode ?? 0;
      if (status < 200 || status > 299) return fail(refusal(proxyName, status));
      // The cloud speaks only after us, so bytes here are the proxy's own.
      if (head.length > 0) return fail(`The HTTP proxy ${proxyName} sent bytes of its own into the tunnel.`);
      resolve(tunnel);
    });
    // Some proxies answer a refused CONNECT with an ordinary response.
    request.on('response', (response) => fail(refusal(proxyName, response.statusCode ?? 0)));
    request.on('error', (error) => {
      if (signal.aborted) {
        socket.destroy();
        return reject(signal.reason as Error);
      }
      fail(`The HTTP proxy ${proxyName} ended the connection.`, error);
    });
    request.end();
    socket.resume();
  });
}

function refusal(proxyName: string, status: number): string {
  if (status === 407)
    return `The HTTP proxy ${proxyName} asks for credentials (407); set them in cloud.proxy.`;
  return `The HTTP proxy ${proxyName} refused the connection to the cloud (${status}).`;
}
