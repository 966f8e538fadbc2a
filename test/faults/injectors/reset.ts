import type { Socket } from 'node:net';

/**
 * Ends a connection with RST and nothing else. Node's resetAndDestroy() shuts the sending side down first, so that a
 * FIN goes ahead and a peer that is quick, or a machine that is slow, sees an orderly end.
 */
export function reset(socket: Socket): void {
  const { _handle: handle } = socket as { _handle?: { reset?: (done: () => void) => number } | null };
  handle?.reset?.(() => undefined);
  socket.destroy();
}
