import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { GatehouseError } from '../../contract/failure.js';
import type { Tunnel } from '../../contract/messages.js';
import { upgradeFailure } from './failure.js';
import { ignore, type CloudWire, type Wire } from './wire.js';

/**
 * Upgrades an open connection with the `ws` library, which checks the answer (accept key, subprotocol, extensions),
 * and then takes the socket away from it: the frames are read and written by the relay.
 *
 * Subprotocol `binary` is always asked for, because the service selects it in any case and `ws` refuses a subprotocol
 * that was not asked for. Compression is never offered, redirects are never followed.
 *
 * @throws GatehouseError cloud-unauthorized, cloud-key-unknown, cloud-unreachable or cloud-protocol; or what the socket
 * threw; or the signal's reason.
 */
export function upgrade(wire: Wire, tunnel: Tunnel, signal: AbortSignal): Promise<CloudWire> {
  const { socket } = wire;
  const cloud = new URL(tunnel.url).host;
  return new Promise((resolve, reject) => {
    const websocket = new WebSocket(tunnel.url, ['binary'], {
      createConnection: () => socket,
      headers: { Authorization: tunnel.authorization },
      perMessageDeflate: false,
      followRedirects: false,
    });
    const finish = (error: Error): void => {
      signal.removeEventListener('abort', onAbort);
      // `ws` aborts its request when it is terminated, and reports that as an error of its own.
      websocket.removeAllListeners();
      websocket.on('error', ignore);
      websocket.terminate();
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => finish(signal.reason as Error);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort);
    socket.resume();
    let before: Listeners = new Map();
    // Emitted when the 101 is there, before `ws` has checked it and put its own listeners onto the socket.
    websocket.on('upgrade', () => (before = listenersOf(socket)));
    websocket.on('unexpected-response', (_request: ClientRequest, response: IncomingMessage) =>
      finish(upgradeFailure(response.statusCode ?? 0, cloud, response.headers['retry-after'])),
    );
    websocket.on('error', (error) => finish(namedFailure(error, cloud)));
    websocket.on('open', () => {
      signal.removeEventListener('abort', onAbort);
      resolve({ wire, head: takeOver(socket, before) });
    });
  });
}

/** `ws` reports what is wrong with an upgrade as plain errors without a code. */
function namedFailure(error: Error, cloud: string): Error {
  if ('code' in error) return error;
  return new GatehouseError(
    'cloud-protocol',
    `The answer of ${cloud} is not a valid WebSocket upgrade: ${error.message}.`,
    {
      cause: error,
    },
  );
}

type Listener = (...values: unknown[]) => void;
type Listeners = ReadonlyMap<string | symbol, readonly Listener[]>;

function listenersOf(socket: Socket): Listeners {
  return new Map(socket.eventNames().map((name) => [name, socket.listeners(name) as Listener[]]));
}

/**
 * Removes `ws` from the socket, pauses it and returns the bytes that had come behind the 101. Runs inside the 'open'
 * event, before `ws` has read anything: those bytes were put back into the socket's buffer a moment ago. Node's own
 * listeners stay: one of them frees the TLS state when the socket closes.
 */
function takeOver(socket: Socket, before: Listeners): Buffer {
  for (const [name, listeners] of listenersOf(socket)) {
    const kept = new Set(before.get(name));
    for (const listener of listeners) if (!kept.has(listener)) socket.removeListener(name, listener);
  }
  socket.pause();
  // Chunk by chunk: from Node 26 on one read() no longer gives all there is.
  const chunks: Buffer[] = [];
  for (let chunk = read(socket); chunk !== null; chunk = read(socket)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function read(socket: Socket): Buffer | null {
  return socket.read() as Buffer | null;
}
