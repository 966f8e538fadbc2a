import type { Socket } from 'node:net';
import type { Endpoint } from '../../contract/messages.js';
import { ADDRESS_STAGGER_MS } from '../../contract/limits.js';
import { guardedTimer } from './deadline.js';
import type { Wire } from './wire.js';

/** Makes one connection attempt to one address; the socket is paused until it has won. */
export type Open = (address: string) => Wire;

/**
 * TCP connections to the addresses of an endpoint, staggered (RFC 8305): the next one starts when the one before it
 * failed or has had its head start. The first to connect wins, the others are destroyed.
 *
 * Rejects with the first address's error once all have failed, and with the signal's reason when it is aborted.
 */
export function race(endpoint: Endpoint, open: Open, signal: AbortSignal): Promise<Wire> {
  return new Promise((resolve, reject) => {
    new Race(endpoint.addresses, open, signal, resolve, reject).next();
  });
}

class Race {
  /** The attempts under way, each with the way to forget it. */
  readonly #running = new Map<Socket, () => void>();
  #started = 0;
  #firstError: Error | undefined;
  #over = false;
  #stopTimer: (() => void) | undefined;

  constructor(
    private readonly addresses: readonly string[],
    private readonly open: Open,
    private readonly signal: AbortSignal,
    private readonly resolve: (wire: Wire) => void,
    private readonly reject: (error: Error) => void,
  ) {
    signal.addEventListener('abort', this.#onAbort);
  }

  next(): void {
    if (this.signal.aborted) return this.#onAbort();
    const address = this.addresses[this.#started];
    if (this.#over || address === undefined) return;
    this.#started += 1;
    const wire = this.open(address);
    const { socket } = wire;
    const onConnect = (): void => this.#onConnect(wire);
    const onError = (error: Error): void => this.#onError(socket, error);
    this.#running.set(socket, () => {
      socket.removeListener('connect', onConnect);
      socket.removeListener('error', onError);
    });
    socket.on('connect', onConnect);
    socket.on('error', onError);
    this.#stopTimer?.();
    this.#stopTimer = guardedTimer(ADDRESS_STAGGER_MS, () => this.next());
  }

  #onConnect(wire: Wire): void {
    this.#forget(wire.socket);
    this.#finish();
    this.resolve(wire);
  }

  #onError(socket: Socket, error: Error): void {
    this.#firstError ??= error;
    this.#forget(socket);
    this.next();
    if (this.#running.size > 0) return;
    this.#finish();
    this.reject(this.#firstError);
  }

  #onAbort = (): void => {
    if (this.#over) return;
    this.#finish();
    this.reject(this.signal.reason as Error);
  };

  #forget(socket: Socket): void {
    this.#running.get(socket)?.();
    this.#running.delete(socket);
  }

  #finish(): void {
    this.#over = true;
    this.#stopTimer?.();
    this.signal.removeEventListener('abort', this.#onAbort);
    for (const loser of this.#running.keys()) {
      this.#forget(loser);
      loser.destroy();
    }
  }
}
