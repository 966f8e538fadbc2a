import net from 'node:net';
import { GatehouseError } from '../../contract/failure.js';
import { TCP_KEEP_ALIVE_MS } from '../../contract/limits.js';
import type { Endpoint } from '../../contract/messages.js';
import { withDeadline } from './deadline.js';
import { describe, targetFailure } from './failure.js';
import { race } from './race.js';
import { Wire } from './wire.js';

/**
 * A TCP connection to the target, paused and without listeners.
 *
 * @throws GatehouseError target-refused, target-timeout, target-unreachable, target-reset or local-resources; or the
 * signal's reason.
 */
export async function dialTarget(endpoint: Endpoint, timeoutMs: number, signal: AbortSignal): Promise<Wire> {
  const late = (): Error =>
    new GatehouseError(
      'target-timeout',
      `${describe(endpoint)} did not answer within ${timeoutMs / 1000} s.`,
    );
  try {
    const wire = await withDeadline(timeoutMs, late, signal, (inner) =>
      race(endpoint, (address) => openTcp(address, endpoint.port), inner),
    );
    refuseSelf(wire, endpoint);
    return wire;
  } catch (error) {
    if (signal.aborted) throw error;
    throw targetFailure(error, endpoint);
  }
}

/**
 * One paused connection attempt. Half-open is allowed: by default Node closes our side at the peer's FIN and loses
 * what is still on its way to the peer.
 */
export function openTcp(address: string, port: number): Wire {
  const wire = new Wire();
  const socket = net.connect({
    host: address,
    port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    onread: wire.onread,
  });
  socket.pause();
  return wire.attach(socket, true);
}

/** A connect to a free port of this machine can meet itself (simultaneous open); nothing listens there. */
function refuseSelf({ socket }: Wire, endpoint: Endpoint): void {
  if (
    socket.localPort !== endpoint.port ||
    socket.localPort !== socket.remotePort ||
    socket.localAddress !== socket.remoteAddress
  )
    return;
  socket.destroy();
  throw new GatehouseError(
    'target-refused',
    `${describe(endpoint)} refused the connection; nothing listens on that port.`,
  );
}
