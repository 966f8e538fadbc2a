import type { EventEmitter } from 'node:events';
import * as ws from 'ws';

/*
 * The codec of the `ws` library: the oracle for ours. Its types do not name these two classes.
 */

/** Reads frames; events: message, ping, pong, conclude, error. */
export interface WsReceiver extends EventEmitter {
  write(chunk: Buffer): boolean;
}

/** The same with what it knows before its error event, which comes in the next turn. */
export interface WsClientReceiver extends WsReceiver {
  readonly _errored: boolean;
}

interface SenderOptions {
  readonly fin: boolean;
  readonly mask: boolean;
  readonly opcode: number;
  readonly readOnly: boolean;
  readonly rsv1: boolean;
}

interface Codec {
  readonly Receiver: new (options: { isServer: boolean; maxPayload: number }) => WsReceiver;
  readonly Sender: { frame(data: Buffer, options: SenderOptions): Buffer[] };
}

const codec = ws as unknown as Codec;

export function wsReceiver(): WsReceiver {
  return new codec.Receiver({ isServer: true, maxPayload: 2 ** 26 });
}

/** Reads what a server sends. */
export function wsClientReceiver(maxPayload: number): WsClientReceiver {
  return new codec.Receiver({ isServer: false, maxPayload }) as WsClientReceiver;
}

/** One unmasked frame, as a server that uses `ws` sends it. */
export function wsFrame(payload: Buffer, opcode: number, fin: boolean): Buffer {
  const options = { fin, mask: false, opcode, readOnly: true, rsv1: false };
  return Buffer.concat(codec.Sender.frame(payload, options));
}
