import { createHash, randomBytes } from 'node:crypto';
import { GatehouseError } from '../../contract/failure.js';
import type { Tunnel } from '../../contract/messages.js';
import { upgradeFailure } from './failure.js';
import { ReplyError, ReplyReader, type ReplyHead } from './reply-head.js';
import type { CloudWire, Consumer, Wire } from './wire.js';

/** RFC 6455 section 1.3. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** RFC 9110 section 5.5; a line break would begin another header. */
const HEADER_VALUE = /^[\x20-\x7e]+$/;

/** Always asked for, because the service selects it in any case. */
const SUBPROTOCOL = 'binary';

/**
 * Upgrades an open connection (RFC 6455 section 4.1) and gives it back paused, without listeners. Compression is never
 * offered, redirects are never followed.
 *
 * Not done with the `ws` library, whose HTTP client took most of the time and memory of a set-up (decision 0007).
 *
 * @throws GatehouseError cloud-unauthorized, cloud-key-unknown, cloud-unreachable or cloud-protocol; or what the socket
 * threw; or the signal's reason.
 */
export function upgrade(
  wire: Wire,
  tunnel: Pick<Tunnel, 'url' | 'authorization'>,
  signal: AbortSignal,
): Promise<CloudWire> {
  return new Promise((resolve, reject) => new Upgrade(wire, tunnel, signal, resolve, reject).start());
}

class Upgrade implements Consumer {
  readonly #url: URL;
  readonly #key = randomBytes(16).toString('base64');
  readonly #reader = new ReplyReader();
  #isOver = false;
  /** What came behind the 101: of its read, and of TLS records that Node had decrypted before the pause. */
  readonly #behind: Buffer[] = [];

  constructor(
    private readonly wire: Wire,
    private readonly tunnel: Pick<Tunnel, 'url' | 'authorization'>,
    private readonly signal: AbortSignal,
    private readonly resolve: (cloud: CloudWire) => void,
    private readonly reject: (error: Error) => void,
  ) {
    this.#url = new URL(tunnel.url);
  }

  start(): void {
    const { socket } = this.wire;
    if (this.signal.aborted) return this.#onAbort();
    if (!HEADER_VALUE.test(this.tunnel.authorization)) return this.#fail(badCredentials());
    this.signal.addEventListener('abort', this.#onAbort);
    socket.on('error', this.#onError);
    socket.on('end', this.#onGone);
    socket.on('close', this.#onGone);
    this.wire.consume(this);
    socket.write(this.#request());
    socket.resume();
  }

  #request(): string {
    const { host, pathname, search } = this.#url;
    return [
      `GET ${pathname}${search} HTTP/1.1`,
      `Host: ${host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${this.#key}`,
      `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
      `Authorization: ${this.tunnel.authorization}`,
      '\r\n',
    ].join('\r\n');
  }

  onBytes(buffer: Buffer, length: number): boolean {
    const bytes = buffer.subarray(0, length);
    if (this.#isOver) {
      // A copy: the handshake buffer is the next session's as soon as this read returns.
      this.#behind.push(Buffer.from(bytes));
      return false;
    }
    try {
      this.#reader.push(bytes, (head, end) => this.#onHead(head, bytes.subarray(end)));
    } catch (error) {
      this.#fail(error instanceof ReplyError ? this.#notHttp(error) : (error as Error));
    }
    return !this.#isOver;
  }

  #onHead(head: ReplyHead, behind: Buffer): void {
    const cloud = this.#url.host;
    if (head.status !== 101) {
      return this.#fail(upgradeFailure(head.status, cloud, head.fields.get('retry-after')));
    }
    const fault = faultOf(head, this.#key);
    if (fault !== undefined) {
      const sentence = `The answer of ${cloud} is not a valid WebSocket upgrade: ${fault}.`;
      return this.#fail(new GatehouseError('cloud-protocol', sentence));
    }
    this.#end();
    this.wire.socket.pause();
    this.#behind.push(Buffer.from(behind));
    this.resolve({ wire: this.wire, takeHead: () => Buffer.concat(this.#behind.splice(0)) });
  }

  #notHttp({ message }: ReplyError): GatehouseError {
    const sentence = `The answer of ${this.#url.host} is not HTTP: ${message}; is a middlebox in the way?`;
    return new GatehouseError('cloud-protocol', sentence);
  }

  readonly #onAbort = (): void => this.#fail(this.signal.reason as Error);
  readonly #onError = (error: Error): void => this.#fail(error);
  readonly #onGone = (): void =>
    this.#fail(Object.assign(new Error('closed during the upgrade'), { code: 'ECONNRESET' }));

  #fail(error: Error): void {
    if (this.#isOver) return;
    this.#end();
    this.wire.socket.destroy();
    this.reject(error);
  }

  #end(): void {
    const { socket } = this.wire;
    this.#isOver = true;
    this.signal.removeEventListener('abort', this.#onAbort);
    socket.removeListener('error', this.#onError);
    socket.removeListener('end', this.#onGone);
    socket.removeListener('close', this.#onGone);
  }
}

function badCredentials(): GatehouseError {
  const sentence =
    "The gateway's credentials hold characters that no HTTP header may have; check cloud.user.";
  return new GatehouseError('cloud-unauthorized', sentence);
}

/** What is wrong with a 101 (RFC 6455 section 4.1, the client's checks), or undefined. */
function faultOf({ fields }: ReplyHead, key: string): string | undefined {
  if (fields.get('upgrade')?.toLowerCase() !== 'websocket') return 'invalid Upgrade header';
  const connection = fields.get('connection')?.toLowerCase().split(',') ?? [];
  if (!connection.some((option) => option.trim() === 'upgrade')) return 'invalid Connection header';
  const accept = createHash('sha1')
    .update(key + ACCEPT_GUID)
    .digest('base64');
  if (fields.get('sec-websocket-accept') !== accept) return 'invalid Sec-WebSocket-Accept header';
  if (fields.get('sec-websocket-protocol') !== SUBPROTOCOL) return `subprotocol is not ${SUBPROTOCOL}`;
  if (fields.has('sec-websocket-extensions')) return 'an extension that was not offered';
  return undefined;
}
