import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';

/** Bytes kept from a client before the device is there; then the client is no longer read. */
export const BACKLOG_BYTES = 1_048_576;

/** A client that has asked and whose device has not joined yet. */
export interface WaitingClient {
  /** Gives the client over, open, with what it has sent so far; false when it is gone or no WebSocket. Called once. */
  join(onOpen: (webSocket: WebSocket, backlog: readonly Buffer[]) => void): boolean;
  /** No device came. */
  giveUp(): void;
}

/** A client that got its 101 already. What it sends is kept up to a bound; `onGone` tells that it left. */
export function openClient(webSocket: WebSocket, onGone: () => void): WaitingClient {
  const backlog: Buffer[] = [];
  let bytes = 0;
  const onMessage = (payload: RawData): void => {
    backlog.push(payload as Buffer);
    bytes += (payload as Buffer).length;
    if (bytes >= BACKLOG_BYTES) webSocket.pause();
  };
  const onPing = (payload: Buffer): void => webSocket.pong(payload);
  webSocket.on('message', onMessage).on('ping', onPing).on('close', onGone);
  return {
    join: (onOpen) => {
      webSocket.off('message', onMessage).off('ping', onPing).off('close', onGone);
      // First, so that a tunnel which has to hold the client back at once is not overruled.
      webSocket.resume();
      onOpen(webSocket, backlog);
      return true;
    },
    giveUp: () => webSocket.close(1011, 'The device did not connect'),
  };
}

/** A client that gets its 101 only when the device is there. */
export function heldClient(
  socket: Duplex,
  head: Buffer,
  accept: (head: Buffer, onOpen: (webSocket: WebSocket) => void) => boolean,
  refuse: () => void,
  onGone: () => void,
): WaitingClient {
  let early = head;
  // Only reading tells that a peer has left; an honest client sends nothing before its 101.
  const onData = (chunk: Buffer): void => {
    early = Buffer.concat([early, chunk]);
    if (early.length >= BACKLOG_BYTES) socket.pause();
  };
  socket.on('data', onData).once('end', onGone).once('close', onGone);
  const leave = (): void => {
    socket.off('data', onData).off('end', onGone).off('close', onGone);
    socket.pause();
  };
  return {
    join: (onOpen) => {
      leave();
      return accept(early, (webSocket) => onOpen(webSocket, []));
    },
    giveUp: () => {
      leave();
      refuse();
    },
  };
}

/** The path of a client's upgrade: device and configuration. */
export function clientPath(
  request: IncomingMessage,
): { deviceId: string; configurationId: string } | undefined {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const [, deviceId, configurationId] =
    /^\/service\/remoteaccess\/client\/([^/]+)\/configurations\/([^/]+)$/.exec(path) ?? [];
  return deviceId === undefined || configurationId === undefined ? undefined : { deviceId, configurationId };
}
