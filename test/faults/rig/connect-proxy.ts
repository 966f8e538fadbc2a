import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What a proxy does with one CONNECT instead of serving it. */
export type ProxyAnswer = (socket: Socket, authority: string) => void;

/** An HTTP proxy on 127.0.0.1 that serves CONNECT, or for chosen authorities something else. */
export class ConnectProxy {
  /** Heads of all requests, oldest first. */
  readonly requests: string[] = [];
  readonly #answers = new Map<string, ProxyAnswer>();
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  static async listen(): Promise<ConnectProxy> {
    const proxy = new ConnectProxy();
    await proxy.comeBack();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** Requests for `authority` (`host:port`) get this; undefined serves them again. */
  answer(authority: string, answer: ProxyAnswer | undefined): void {
    if (answer === undefined) this.#answers.delete(authority);
    else this.#answers.set(authority, answer);
  }

  /** Listens no more; tunnels through it stay. */
  goAway(): void {
    this.#server?.close();
  }

  /** Listens, again on the same port. */
  async comeBack(): Promise<void> {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#onConnection(socket),
    );
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #onConnection(socket: Socket): void {
    this.#keep(socket);
    let head = '';
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      this.requests.push(head);
      const authority = /^CONNECT (\S+) HTTP/.exec(head)?.[1] ?? '';
      const answer = this.#answers.get(authority) ?? serve;
      answer(socket, authority);
    };
    socket.on('data', onData);
    socket.once('end', () => socket.end());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
  }
}

/** Connects to the authority, which is on this machine, and passes bytes on. */
export function serve(socket: Socket, authority: string): void {
  const port = Number(authority.slice(authority.lastIndexOf(':') + 1));
  join(socket, port);
}

/** Says 200 and passes bytes on to a port of 127.0.0.1. */
export function join(socket: Socket, port: number): void {
  const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  upstream.on('error', () => socket.destroy());
  socket.on('close', () => upstream.destroy());
  upstream.on('close', () => socket.destroy());
  socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
  socket.pipe(upstream).pipe(socket);
}
