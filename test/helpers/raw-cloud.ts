import { createHash } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { until } from './until.js';
import { wsReceiver } from './ws-codec.js';

/*
 * The cloud's end of a tunnel, by hand: it answers the upgrade with whatever a test wants and speaks raw bytes. Frames
 * are written here and read by the Receiver of `ws`, so that our codec is not checked against itself.
 */

const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** The 101 that Cumulocity gives. `glued` comes in the same write. */
export function accept(request: string, glued: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from(acceptHead(request)), glued]);
}

/** The head of a good 101, for tests that bend one line of it. */
export function acceptHead(request: string): string {
  const key = /^sec-websocket-key: (.*)$/im.exec(request)?.[1] ?? '';
  const digest = createHash('sha1')
    .update(key + WEBSOCKET_GUID)
    .digest('base64');
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${digest}`,
    'Sec-WebSocket-Protocol: binary',
    '\r\n',
  ].join('\r\n');
}

/** One unmasked frame. `first` is the whole first byte (0x82 = final binary); `length` overrides the announced length. */
export function frame(first: number, payload: Buffer | string = '', announced?: number | bigint): Buffer {
  const body = Buffer.from(payload);
  const length = BigInt(announced ?? body.length);
  let header: Buffer;
  if (length < 126n) header = Buffer.from([first, Number(length)]);
  else if (length < 65_536n) header = Buffer.from([first, 126, Number(length >> 8n), Number(length & 0xffn)]);
  else {
    header = Buffer.alloc(10);
    header[0] = first;
    header[1] = 127;
    header.writeBigUInt64BE(length, 2);
  }
  return Buffer.concat([header, body]);
}

/** A close frame with a code, or an empty one. */
export function closeFrame(code?: number, reason = ''): Buffer {
  if (code === undefined) return frame(0x88);
  return frame(0x88, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));
}

/** One upgraded connection. */
export class CloudPeer {
  readonly messages: Buffer[] = [];
  readonly pings: Buffer[] = [];
  readonly pongs: Buffer[] = [];
  /** What came in a close frame; code 1005 when it had none. */
  closed: { readonly code: number; readonly reason: string } | undefined;
  /** The first error of the Receiver: our frames broke RFC 6455. */
  violation: Error | undefined;
  hasEnded = false;
  error: Error | undefined;
  #bytes = 0;

  constructor(
    readonly socket: net.Socket,
    readonly request: string,
  ) {
    const receiver = wsReceiver();
    receiver.on('message', (data: Buffer) => {
      this.messages.push(data);
      this.#bytes += data.length;
    });
    receiver.on('ping', (data: Buffer) => this.pings.push(data));
    receiver.on('pong', (data: Buffer) => this.pongs.push(data));
    receiver.on('conclude', (code: number, reason: Buffer) => {
      this.closed = { code, reason: reason.toString() };
      this.onClosed();
    });
    receiver.on('error', (error: Error) => (this.violation ??= error));
    socket.on('data', (chunk: Buffer) => receiver.write(chunk));
    socket.on('end', () => (this.hasEnded = true));
  }

  /** Called at our close frame: by default it is answered, and the connection ended, as a server does. */
  onClosed = (): void => {
    if (!this.socket.writable) return;
    this.socket.end(closeFrame(this.closed?.code === 1005 ? undefined : this.closed?.code));
  };

  get bytes(): number {
    return this.#bytes;
  }

  received(): Buffer {
    return Buffer.concat(this.messages);
  }

  /** Binary frames of at most `size` bytes each. */
  send(payload: Buffer, size = 65_536): void {
    for (let at = 0; at < payload.length; at += size) {
      this.socket.write(frame(0x82, payload.subarray(at, at + size)));
    }
  }
}

/** What the server does with one connection when its request head is whole. */
export type Answer = (socket: net.Socket, request: string) => void;

export interface RawCloudOptions {
  /** Called with each request; default: a good 101. */
  readonly answer?: Answer;
  /** TLS with these options; plain TCP otherwise. */
  readonly tls?: tls.TlsOptions;
  /** Called at the TCP connection instead of waiting for a request. */
  readonly onConnection?: (socket: net.Socket) => void;
}

/** A scripted server on a free loopback port. */
export class RawCloud {
  readonly peers: CloudPeer[] = [];
  readonly sockets = new Set<net.Socket>();
  /** TCP connections that are open. */
  readonly connections = new Set<net.Socket>();
  readonly #server: net.Server;
  readonly #upgraded = new WeakSet<net.Socket>();
  #waiting: ((peer: CloudPeer) => void)[] = [];

  constructor(private readonly options: RawCloudOptions = {}) {
    const listener = (socket: net.Socket): void => this.#onConnection(socket);
    this.#server =
      options.tls === undefined
        ? net.createServer({ allowHalfOpen: true, noDelay: true }, listener)
        : tls.createServer(options.tls, listener);
    this.#server.on('tlsClientError', () => undefined);
    // Under TLS only this one is the TCP connection, which can be reset and counted.
    this.#server.on('connection', (socket: net.Socket) => {
      this.connections.add(socket);
      socket.on('close', () => this.connections.delete(socket));
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  url(host = '127.0.0.1'): string {
    const scheme = this.options.tls === undefined ? 'ws' : 'wss';
    return `${scheme}://${host}:${this.port}/service/remoteaccess/device/0123456789abcdef`;
  }

  /** The next upgraded connection. */
  peer(): Promise<CloudPeer> {
    const peer = this.peers.shift();
    if (peer !== undefined) return Promise.resolve(peer);
    return until('a tunnel at the cloud', new Promise((resolve) => this.#waiting.push(resolve)));
  }

  /** Ends a connection with RST. */
  reset(peer: CloudPeer): void {
    for (const socket of this.connections) {
      if (socket.remotePort === peer.socket.remotePort) socket.resetAndDestroy();
    }
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    for (const socket of this.connections) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Answers with 101 and hands the peer to whoever waits for one. */
  upgrade(socket: net.Socket, request: string, glued?: Buffer): CloudPeer {
    const peer = new CloudPeer(socket, request);
    this.#upgraded.add(socket);
    socket.write(accept(request, glued));
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.peers.push(peer);
    else waiting(peer);
    return peer;
  }

  #onConnection(socket: net.Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => undefined);
    if (this.options.onConnection !== undefined) return this.options.onConnection(socket);
    let head = '';
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.removeListener('data', onData);
      if (this.options.answer === undefined) this.upgrade(socket, head);
      else this.options.answer(socket, head);
    };
    socket.on('data', onData);
    // A dial that is given up is let go; an upgraded connection is the test's.
    socket.once('end', () => {
      if (!this.#upgraded.has(socket)) socket.end();
    });
  }
}
