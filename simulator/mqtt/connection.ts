import type { X509Certificate } from 'node:crypto';
import { Duplex } from 'node:stream';
import { FrameMeter } from './frame-meter.js';

/** How long an ended connection may take to deliver its last bytes before it is cut, in ms. */
const LINGER_MS = 1_000;

/**
 * One client's byte stream as the broker sees it. It stands between socket and broker so that an oversized packet ends
 * the connection before it is collected, that a last CONNACK still goes out when the broker destroys the stream at
 * once, and that tests can put raw bytes on the wire.
 */
export class MqttConnection extends Duplex {
  /** What the client presented over TLS, unchecked; undefined when it presented none. */
  readonly certificate: X509Certificate | undefined;
  readonly #socket: Duplex;
  readonly #meter = new FrameMeter();

  constructor(socket: Duplex, certificate?: X509Certificate) {
    super();
    this.#socket = socket;
    this.certificate = certificate;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.once('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.once('close', () => this.destroy());
    // The broker listens too, but takes its listener away when it gives a client up.
    this.on('error', () => undefined);
  }

  /** Puts these bytes on the wire as they are. */
  sendRaw(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Cuts the connection without sending what is left. */
  abort(): void {
    this.#socket.destroy();
    this.destroy();
  }

  #take(chunk: Buffer): void {
    if (!this.#meter.accepts(chunk)) {
      this.abort();
    } else if (!this.push(chunk)) {
      this.#socket.pause();
    }
  }

  /**
   * All that is there. The broker reads once per 'readable' event; from Node 26 on that gives a single chunk, and the
   * rest of a packet that came in pieces would wait for ever.
   */
  override read(size?: number): Buffer | null {
    const chunks: Buffer[] = [];
    for (;;) {
      const chunk = super.read(size) as Buffer | null;
      if (chunk === null) return chunks.length === 0 ? null : Buffer.concat(chunks);
      chunks.push(chunk);
    }
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  // The broker writes a packet in pieces; together they go out before it can destroy the stream.
  override _writev(
    chunks: { chunk: Buffer; encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => Buffer.from(chunk))), done);
  }

  override _final(done: () => void): void {
    this.#socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const socket = this.#socket;
    if (!socket.destroyed) {
      socket.end();
      // Nobody reads any more; the rest must still be consumed or the end of the peer is never seen.
      socket.resume();
      const cut = setTimeout(() => socket.destroy(), LINGER_MS);
      socket.once('close', () => clearTimeout(cut));
    }
    done(error);
  }
}
