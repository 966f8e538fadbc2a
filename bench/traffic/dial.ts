import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { LOOPBACK, loopbackOnly } from './loopback.js';

/** Longest wait for a connection or an upgrade, in ms. */
const DIAL_MS = 10_000;

/** Opens a TCP connection to a port of this machine. */
export function dialTcp(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: loopbackOnly(LOOPBACK), port, allowHalfOpen: true, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** A WebSocket after its upgrade; `head` came behind that. */
export interface Upgraded {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/**
 * Opens a WebSocket to a port of this machine, up to and with the upgrade.
 * @param ca PEM of the authority to trust; with it the connection is wss://.
 */
export function dialWebSocket(port: number, ca?: string): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      'Sec-WebSocket-Protocol': 'binary',
    };
    const options = { host: loopbackOnly(LOOPBACK), port, headers, agent: false, timeout: DIAL_MS };
    const dialling = ca === undefined ? httpRequest(options) : httpsRequest({ ...options, ca });
    dialling.on('error', reject);
    dialling.on('timeout', () => dialling.destroy(new Error(`no upgrade within ${DIAL_MS} ms`)));
    dialling.on('response', ({ statusCode }) =>
      dialling.destroy(new Error(`answered ${statusCode ?? 0} instead of the upgrade`)),
    );
    dialling.on('upgrade', (_response, socket, head) => {
      socket.setTimeout(0);
      socket.setNoDelay(true);
      resolve({ socket, head });
    });
    dialling.end();
  });
}
