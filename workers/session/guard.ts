import type { Socket } from 'node:net';

/*
 * Guards around the callbacks of a session: an exception ends that session. Without them it would end the thread, and
 * with it every neighbour.
 */

export function guarded<Arguments extends unknown[]>(
  onException: (error: unknown) => void,
  listener: (...values: Arguments) => void,
): (...values: Arguments) => void {
  return (...values) => {
    try {
      listener(...values);
    } catch (error) {
      onException(error);
    }
  };
}

/** The same for reads; after an exception the socket stays paused. */
export function guardedRead(
  onException: (error: unknown) => void,
  onBytes: (buffer: Buffer, length: number) => boolean,
): (buffer: Buffer, length: number) => boolean {
  return (buffer, length) => {
    try {
      return onBytes(buffer, length);
    } catch (error) {
      onException(error);
      return false;
    }
  };
}

/** What a socket tells its session after it is up. */
export interface SocketEvents {
  /** The peer sends no more. */
  onEnd(): void;
  onError(error: Error): void;
  /** The socket is gone; comes last and always. */
  onGone(): void;
}

/** Guarded listeners on a socket that is up, or `onGone` at once if it went in the meantime. */
export function listen(socket: Socket, onException: (error: unknown) => void, events: SocketEvents): void {
  if (socket.closed) return events.onGone();
  socket.on(
    'end',
    guarded(onException, () => events.onEnd()),
  );
  socket.on(
    'error',
    guarded(onException, (error) => events.onError(error)),
  );
  socket.on(
    'close',
    guarded(onException, () => events.onGone()),
  );
}
