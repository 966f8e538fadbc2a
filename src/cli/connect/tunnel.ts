import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { Secret } from '../../../contract/secret.js';
import { trust } from '../../cloud/trusted-roots.js';
import { EXIT } from '../../exit-codes.js';
import { ConnectError, httpError, unreachableError } from './connect-error.js';
import {
  MAX_MESSAGE_BYTES,
  OPEN_TUNNEL_MS,
  RECEIVE_SLICE_BYTES,
  SEND_BYTES,
  TCP_KEEP_ALIVE_MS,
} from './limits.js';

export interface TunnelOptions {
  /** ws:// or wss:// with the whole path. */
  readonly url: string;
  /** Value of the Authorization header. */
  readonly authorization: Secret;
  /** Roots to trust beside the usual ones, in PEM. */
  readonly ca?: string | undefined;
  /** Gives the dial up. */
  readonly signal?: AbortSignal | undefined;
  /** Longest time until the tunnel is up, in ms. Default 45 000. */
  readonly timeoutMs?: number | undefined;
}

/** Opens a remote-access tunnel from the operator's end. @throws ConnectError saying why it cannot be had. */
export function openTunnel(options: TunnelOptions): Promise<Tunnel> {
  const socket = new WebSocket(options.url, ['binary'], {
    headers: { Authorization: options.authorization.reveal() },
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: MAX_MESSAGE_BYTES,
    ...trust({ ca: options.ca, minTlsVersion: 'TLSv1.2' }),
  });
  // Made before the dial ends: the first message may come in the same read as the answer to the upgrade.
  const tunnel = new Tunnel(socket);
  return new Promise((resolve, reject) => {
    const what = 'Opening the tunnel';
    const onAbort = (): void => fail(new ConnectError(EXIT.failed, `${what}: given up.`));
    const onError = (error: Error): void => fail(unreachableError(error, what));
    const timeoutMs = options.timeoutMs ?? OPEN_TUNNEL_MS;
    // ws's own handshake timeout is one of inactivity: a byte now and then would hold it open for ever.
    const deadline = setTimeout(() => {
      fail(new ConnectError(EXIT.unreachable, `${what}: not up within ${timeoutMs / 1_000} s.`));
    }, timeoutMs);
    const settle = (): void => {
      clearTimeout(deadline);
      options.signal?.removeEventListener('abort', onAbort);
      // A later error must not destroy the tunnel: it may hold bytes that are not read yet.
      socket.off('error', onError);
    };
    const fail = (error: ConnectError): void => {
      settle();
      reject(error);
      tunnel.destroy();
    };
    options.signal?.addEventListener('abort', onAbort);
    socket.once('open', () => {
      settle();
      resolve(tunnel);
    });
    socket.once('error', onError);
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      response.resume();
      fail(httpError(response.statusCode ?? 0, what));
    });
    socket.once('upgrade', (response) => response.socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS));
    if (options.signal?.aborted === true) onAbort();
  });
}

/**
 * A tunnel as a byte stream. Reading it gives what the cloud sends, message boundaries gone; its end means that the
 * cloud has ended, in whatever way: `ending` says how, and there is no 'error' event that would throw away what was
 * received before. Writing sends, at most SEND_BYTES in a message.
 *
 * `end()` only says that nothing more will be written: WebSockets know no half-close, so the other side is not told,
 * and the answer still comes. `close()` ends the tunnel. Both directions have back-pressure.
 */
export class Tunnel extends Duplex {
  readonly #socket: WebSocket;
  #ending: TunnelEnding | undefined;
  #fault: string | undefined;

  constructor(socket: WebSocket) {
    super({ readableHighWaterMark: RECEIVE_SLICE_BYTES, writableHighWaterMark: RECEIVE_SLICE_BYTES });
    this.#socket = socket;
    socket.binaryType = 'nodebuffer';
    socket.on('message', (message) => this.#onMessage(message as Buffer));
    socket.on('error', (error) => (this.#fault = error.message));
    socket.once('close', (code, reason) => {
      this.#ending = { code, detail: this.#fault ?? reason.toString() };
      this.push(null);
    });
  }

  /** How the tunnel ended; undefined while it has not. */
  get ending(): TunnelEnding | undefined {
    return this.#ending;
  }

  /**
   * Sends the close frame (1000) behind what was written, and resolves when the connection is gone. What the cloud
   * sends before its own close frame can still be read; somebody has to read it. Closing twice is harmless.
   */
  async close(): Promise<void> {
    if (this.#ending !== undefined || this.destroyed) return;
    const gone = new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.once('close', () => resolve());
    });
    if (!this.writableEnded) this.end();
    if (this.writableFinished) this.#socket.close(1000);
    else this.once('finish', () => this.#socket.close(1000));
    await gone;
  }

  #onMessage(message: Buffer): void {
    let isWanted = true;
    for (let start = 0; start < message.length; start += RECEIVE_SLICE_BYTES) {
      isWanted = this.push(message.subarray(start, start + RECEIVE_SLICE_BYTES));
    }
    if (!isWanted) this.#socket.pause();
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    let start = 0;
    const sendNext = (): void => {
      // After the cloud's close frame nobody takes bytes any more (RFC 6455 5.5.1); failing here would destroy the
      // stream and with it what was received and not read yet.
      if (start >= chunk.length || this.#socket.readyState !== WebSocket.OPEN) {
        done();
        return;
      }
      const slice = chunk.subarray(start, start + SEND_BYTES);
      start += slice.length;
      this.#socket.send(slice, { binary: true }, sendNext);
    };
    sendNext();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.terminate();
    done(error);
  }
}

export interface TunnelEnding {
  /** Close code: 1000 and the like from the cloud; 1005 = a close frame without one, 1006 = none came. */
  readonly code: number;
  /** The cloud's reason, or what was wrong; may be empty. */
  readonly detail: string;
}
