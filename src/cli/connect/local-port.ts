import { once, setMaxListeners } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { EXIT } from '../../exit-codes.js';
import { ConnectError } from './connect-error.js';
import { MAX_CONNECTIONS } from './limits.js';
import { relay, type RelaySummary } from './relay.js';
import type { Tunnel } from './tunnel.js';

export interface LocalPortOptions {
  /** Port on 127.0.0.1; 0 = any free one. */
  readonly port: number;
  /** Opens the tunnel of one connection. */
  readonly open: (signal: AbortSignal) => Promise<Tunnel>;
  /** Stop listening after the first connection. */
  readonly once: boolean;
  /** Most connections at once. Default 256. */
  readonly maxConnections?: number;
  readonly lingerMs?: number;
  /** Hears of each connection that ended: what it moved, or why it had no tunnel. */
  readonly onEnded: (outcome: RelaySummary | ConnectError) => void;
}

/** A port on loopback; each connection to it gets a tunnel of its own. */
export class LocalPort {
  readonly #options: LocalPortOptions;
  readonly #server: Server;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: LocalPortOptions) {
    this.#options = options;
    // Two listeners per connection, here and in the relay; more are a leak that Node should warn of.
    setMaxListeners(2 * (options.maxConnections ?? MAX_CONNECTIONS) + 1, this.#stop.signal);
    // Half-open: the client's FIN must not take away its answer. Paused: its bytes wait in the kernel for the tunnel.
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
      this.#onConnection(socket);
    });
  }

  /** Listens. Gives the port. @throws ConnectError when it cannot be had. */
  async listen(): Promise<number> {
    const { port } = this.#options;
    this.#server.listen(port, '127.0.0.1');
    try {
      await once(this.#server, 'listening');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      const sentence = `Cannot listen on 127.0.0.1:${port} (${code}); give another port, or none for any free one.`;
      throw new ConnectError(EXIT.failed, sentence, { cause: error });
    }
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** Resolves when nothing listens any more and every connection has ended. */
  async ended(): Promise<void> {
    if (this.#server.listening) await once(this.#server, 'close');
    await Promise.all(this.#running);
  }

  /** Takes no more connections and ends the open ones. Stopping twice is harmless. */
  stop(): void {
    this.#server.close();
    this.#stop.abort();
  }

  #onConnection(socket: Socket): void {
    // Without a listener an error would end the process; the relay has its own.
    socket.on('error', () => undefined);
    const max = this.#options.maxConnections ?? MAX_CONNECTIONS;
    if (this.#running.size >= max) {
      socket.destroy();
      this.#options.onEnded(new ConnectError(EXIT.failed, `Refused a connection: ${max} are open.`));
      return;
    }
    if (this.#options.once) {
      if (this.#running.size > 0 || !this.#server.listening) {
        socket.destroy();
        return;
      }
      this.#server.close();
    }
    const running = this.#serve(socket)
      .then(this.#options.onEnded)
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #serve(socket: Socket): Promise<RelaySummary | ConnectError> {
    const gone = new AbortController();
    const giveUp = (): void => gone.abort();
    socket.once('close', giveUp);
    this.#stop.signal.addEventListener('abort', giveUp);
    if (this.#stop.signal.aborted) giveUp();
    try {
      const tunnel = await this.#options.open(gone.signal);
      const { lingerMs } = this.#options;
      return await relay({ input: socket, output: socket }, tunnel, {
        signal: this.#stop.signal,
        ...(lingerMs === undefined ? {} : { lingerMs }),
      });
    } catch (error) {
      socket.destroy();
      if (error instanceof ConnectError) return error;
      throw error;
    } finally {
      socket.off('close', giveUp);
      this.#stop.signal.removeEventListener('abort', giveUp);
    }
  }
}
