import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
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

/** Opens a WebSocket to a port of this machine, up to and with the upgrade; `head` came behind it. */
export function dialWebSocket(port: number): Promise<{ readonly socket: Duplex; readonly head: Buffer }> {
  return new Promise((resolve, reject) => {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      'Sec-WebSocket-Protocol': 'binary',
    };
    const dialling = request({
      host: loopbackOnly(LOOPBACK),
      port,
      path: '/',
      headers,
      agent: false,
      timeout: DIAL_MS,
    });
    dialling.on('error', reject);
    dialling.on('timeout', () => dialling.destroy(new Error(`no upgrade within ${DIAL_MS} ms`)));
    dialling.on('response', ({ statusCode }) =>
      dialling.destroy(new Error(`answered ${statusCode ?? 0} instead of the upgrade`)),
    );
    dialling.on('upgrade', (_response, socket: Duplex, head: Buffer) => {
      if ('setTimeout' in socket) (socket as Socket).setTimeout(0);
      resolve({ socket, head });
    });
    dialling.end();
  });
}
