import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { reset } from './reset.js';
import { ToxicFlow, type FlowToxics } from './toxic-flow.js';

/** What goes wrong with connections through a proxy. */
export interface Toxics {
  /** What clients send. */
  readonly up?: FlowToxics;
  /** What the server sends. */
  readonly down?: FlowToxics;
  /** New connections: not accepted by the server's side until this many ms have passed. */
  readonly connectDelayMs?: number;
  /** New connections are reset or closed at once. */
  readonly refuse?: 'reset' | 'close';
}

/** Two sockets with one flow in each direction. */
export interface ToxicPair {
  readonly client: Socket;
  readonly server: Socket;
}

/** A TCP proxy on a free port of 127.0.0.1 that delays, slices, cuts, resets or swallows what goes through it. */
export class ToxicProxy {
  /** Connections so far, oldest first. */
  readonly pairs: ToxicPair[] = [];
  readonly #server: Server;
  readonly #flows = new Set<ToxicFlow>();
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(
    /** Port that new connections go to. */
    public target: number,
    private toxics: Toxics,
  ) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) =>
      this.#onConnection(socket),
    );
  }

  static async listen(target: number, toxics: Toxics): Promise<ToxicProxy> {
    const proxy = new ToxicProxy(target, toxics);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Replaces the toxics, for connections that are open as well. */
  set(toxics: Toxics): void {
    this.toxics = toxics;
    for (const flow of this.#flows) flow.set(toxics[flow.direction] ?? {});
  }

  /** Resets both sides of every connection. */
  reset(): void {
    for (const { client, server } of this.pairs) {
      reset(client);
      reset(server);
    }
  }

  close(): void {
    this.#server.close();
    for (const timer of this.#timers) clearTimeout(timer);
    for (const flow of this.#flows) flow.stop();
    for (const { client, server } of this.pairs) {
      client.destroy();
      server.destroy();
    }
  }

  #onConnection(client: Socket): void {
    client.on('error', () => undefined);
    const { refuse, connectDelayMs = 0 } = this.toxics;
    if (refuse === 'reset') return reset(client);
    if (refuse === 'close') return void client.end();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#join(client);
    }, connectDelayMs);
    this.#timers.add(timer);
  }

  #join(client: Socket): void {
    const server = connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    server.on('error', () => reset(client));
    client.on('error', () => reset(server));
    this.pairs.push({ client, server });
    this.#flow('up', client, server);
    this.#flow('down', server, client);
  }

  #flow(direction: 'up' | 'down', from: Socket, to: Socket): void {
    const flow = new ToxicFlow(direction, from, to, this.toxics[direction] ?? {});
    this.#flows.add(flow);
    from.on('close', () => this.#flows.delete(flow));
  }
}
