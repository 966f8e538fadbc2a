import { Duplex } from 'node:stream';
import { LinkError } from './link-error.js';
import { PacketScanner } from './packet-scanner.js';

/** Stands between a broker's connection and the MQTT parser: destroys both at the first packet that must not be. */
export class PacketGuard extends Duplex {
  readonly #inner: Duplex;
  readonly #scanner = new PacketScanner();

  constructor(inner: Duplex) {
    super({ decodeStrings: true });
    this.#inner = inner;
    inner.on('data', (chunk: Buffer) => {
      const wrong = this.#scanner.scan(chunk);
      if (wrong !== undefined) this.destroy(new LinkError(wrong.why, { violation: wrong.violation }));
      else if (!this.push(chunk)) inner.pause();
    });
    inner.on('end', () => this.push(null));
    // MQTT has no half-closed connections, and a WebSocket's stream would wait for our end without ever closing.
    this.on('end', () => this.destroy());
    inner.on('error', (error: Error) => this.destroy(error));
    inner.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#inner.write(chunk, encoding, (error) => done(error));
  }

  /** The parser's counterpart writes a packet in pieces; one piece each on the wire would wait for acknowledgements. */
  override _writev(pieces: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#inner.write(Buffer.concat(pieces.map(({ chunk }) => chunk)), (error) => done(error));
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#inner.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }
}
