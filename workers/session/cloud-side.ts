import type { Socket } from 'node:net';
import { PING_FLOOD_LIMIT, PING_FLOOD_WINDOW_MS } from '../../contract/limits.js';
import type { Masker } from '../relay/mask.js';
import { OPCODE, headerBytes, writeHeader } from '../relay/frame-header.js';
import { cutToBytes } from '../../contract/failure.js';

/** RFC 6455 section 5.5: a control frame has at most 125 bytes of payload, and a close frame begins with the code. */
const MAX_CLOSE_REASON_BYTES = 125 - 2;

/** Pongs on their way at a time: a burst of pings is answered one by one, and 2 KiB are all that it can make us hold. */
const MAX_PONGS = 16;

/**
 * Control frames to the cloud. A bounded number of pongs is on its way; of the pings that come meanwhile the newest is
 * answered (RFC 6455 5.5.3 allows it), so a peer that pings and never reads cannot make us grow.
 */
export class CloudSide {
  #pongs = 0;
  #newestPing: Buffer | undefined;
  #pings = 0;
  #windowStartMs = 0;
  #closeIsOut = false;

  constructor(
    readonly socket: Socket,
    private readonly masker: Masker,
    private readonly now: () => number,
  ) {}

  get closeSent(): boolean {
    return this.#closeIsOut;
  }

  ping(): void {
    if (!this.#closeIsOut) this.socket.write(this.#frame(OPCODE.ping, Buffer.alloc(0)));
  }

  /** Answers a ping. False: they are a flood. */
  onPing(payload: Buffer): boolean {
    const nowMs = this.now();
    if (nowMs - this.#windowStartMs >= PING_FLOOD_WINDOW_MS) {
      this.#windowStartMs = nowMs;
      this.#pings = 0;
    }
    this.#pings += 1;
    if (this.#pings > PING_FLOOD_LIMIT) return false;
    // A copy: the reader's memory is the next control frame's.
    this.#newestPing = Buffer.from(payload);
    this.#pong();
    return true;
  }

  #pong(): void {
    const payload = this.#newestPing;
    if (payload === undefined || this.#pongs === MAX_PONGS || this.#closeIsOut) return;
    this.#newestPing = undefined;
    this.#pongs += 1;
    this.socket.write(this.#frame(OPCODE.pong, payload), () => {
      this.#pongs -= 1;
      this.#pong();
    });
  }

  /**
   * Sends a close frame behind everything written so far; only the first call does. Code 1005 stands for a frame
   * without a code.
   */
  close(code: number, reason: string): void {
    if (this.#closeIsOut || this.socket.destroyed || this.socket.writableEnded) return;
    this.#closeIsOut = true;
    const text = Buffer.from(cutToBytes(reason, MAX_CLOSE_REASON_BYTES));
    const payload =
      code === 1005 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([code >> 8, code & 0xff]), text]);
    this.socket.write(this.#frame(OPCODE.close, payload));
  }

  #frame(opcode: number, payload: Buffer): Buffer {
    const frame = Buffer.allocUnsafe(headerBytes(payload.length) + payload.length);
    this.masker.renewKey();
    const start = writeHeader(frame, 0, opcode, payload.length, this.masker.key);
    this.masker.maskCopy(payload, 0, frame, start, payload.length);
    return frame;
  }
}
