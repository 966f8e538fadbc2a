import type { Socket } from 'node:net';
import { untilTrue } from '../helpers/until.js';
import { OPCODE, type Chops, type Frame } from './case.js';
import { ClientFrames } from './client-frames.js';

/** Longest wait for one thing of a case, in ms; reached only by a failure. */
const LIMIT_MS = 20_000;

/** One upgraded connection in the fuzzer's hands: it writes exact bytes and checks every frame that comes back. */
export class Fuzzer {
  /** Payload of the data frames, in order. */
  readonly data: Buffer[] = [];
  dataBytes = 0;
  readonly pongs: string[] = [];
  /** Codes of the close frames; 1005 stands for one without a code. */
  readonly closes: number[] = [];
  readonly keys = new Set<number>();
  frames = 0;
  hasEnded = false;
  /** The first thing the agent sent that it must not. */
  fault: Error | undefined;
  readonly #reader = new ClientFrames();

  constructor(
    private readonly socket: Socket,
    readonly request: string,
  ) {
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('end', () => {
      this.hasEnded = true;
      // A server ends the connection once the close handshake is through.
      socket.end();
    });
    socket.on('error', (error) => (this.fault ??= error));
    socket.resume();
  }

  #take(chunk: Buffer): void {
    try {
      for (const { opcode, payload, key } of this.#reader.push(chunk)) {
        if (this.closes.length > 0) throw new Error(`a frame with opcode ${opcode} behind a close frame`);
        this.frames += 1;
        this.keys.add(key);
        if (opcode === OPCODE.pong) this.pongs.push(payload.toString('latin1'));
        else if (opcode === OPCODE.close) this.closes.push(codeOf(payload));
        else if (opcode === OPCODE.ping) throw new Error('a ping, though pings are off');
        else {
          this.data.push(payload);
          this.dataBytes += payload.length;
        }
      }
    } catch (error) {
      this.fault ??= error as Error;
    }
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    await untilTrue(what, () => this.fault !== undefined || holds(), LIMIT_MS);
    if (this.fault !== undefined) throw this.fault;
  }

  async send(frames: readonly Frame[], chops: Chops, part?: readonly [number, number]): Promise<void> {
    const encoded = frames.map(encode);
    if (chops === 'frames') {
      for (const bytes of encoded) await this.#write(bytes);
      return;
    }
    const all = Buffer.concat(encoded).subarray(...(part ?? []));
    if (chops === 'together') return this.#write(all);
    for (let at = 0; at < all.length; at += chops) await this.#write(all.subarray(at, at + chops));
  }

  /** Resolves when the kernel has the bytes, so that two writes are two segments (the socket has no delay). */
  #write(bytes: Buffer): Promise<void> {
    if (!this.socket.writable) return Promise.resolve();
    return new Promise((resolve) => {
      const onWritten = (): void => resolve();
      if (this.socket.write(bytes, onWritten) && bytes.length === 0) resolve();
    });
  }
}

function codeOf(payload: Buffer): number {
  if (payload.length === 1) throw new Error('a close frame with half a code');
  return payload.length === 0 ? 1005 : payload.readUInt16BE(0);
}

/** As a server writes it: without a mask, its length in the shortest form. */
export function encode({ opcode, payload, fin, rsv }: Frame): Buffer {
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.from([first, length]), payload]);
  if (length < 65_536) return Buffer.concat([Buffer.from([first, 126, length >> 8, length & 0xff]), payload]);
  const header = Buffer.from([first, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(length, 6);
  return Buffer.concat([header, payload]);
}
