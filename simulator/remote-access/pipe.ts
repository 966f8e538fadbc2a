import type { WebSocket } from 'ws';

/** Bytes waiting for one side before the other is paused. One chunk or one message may come on top. */
export const HIGH_WATER_BYTES = 1_048_576;

/** Bytes waiting below which the other side is read again. */
const LOW_WATER_BYTES = 262_144;

/** Frames that one message may be cut into by a fault; bounds what a one-byte rule can cost. */
const MAX_PIECES = 10_000;

/** How outgoing messages are cut. */
export interface Cut {
  readonly how: 'split' | 'fragment';
  readonly bytes: number;
}

/** One direction of a tunnel: binary messages from one WebSocket to another, no faster than the other takes them. */
export class Pipe {
  bytes = 0;
  #isHeldBack = false;
  #isStalled = false;
  #cut: Cut | undefined;

  constructor(
    private readonly from: WebSocket,
    private readonly to: WebSocket,
    private readonly onBytes: (count: number) => void,
  ) {}

  /** Passes one message on. */
  write(payload: Buffer): void {
    this.bytes += payload.length;
    if (this.to.readyState !== this.to.OPEN) return;
    if (this.#cut === undefined) this.to.send(payload, { binary: true }, this.#onSent);
    else this.#writeInPieces(payload, this.#cut);
    if (this.to.bufferedAmount > HIGH_WATER_BYTES) {
      this.#isHeldBack = true;
      this.#steer();
    }
    this.onBytes(payload.length);
  }

  /** Fault: does not read from the sender although the other side would take more. */
  set isStalled(isStalled: boolean) {
    this.#isStalled = isStalled;
    this.#steer();
  }

  /** Fault: how messages are cut; undefined passes them on as they came. */
  set cut(cut: Cut | undefined) {
    this.#cut = cut;
  }

  /** Lets the sender run dry after the other side is gone: its close frame is still to be read. */
  release(): void {
    this.#isHeldBack = false;
    this.#isStalled = false;
    this.#steer();
  }

  readonly #onSent = (): void => {
    if (!this.#isHeldBack || this.to.bufferedAmount > LOW_WATER_BYTES) return;
    this.#isHeldBack = false;
    this.#steer();
  };

  #steer(): void {
    if (this.#isHeldBack || this.#isStalled) this.from.pause();
    else this.from.resume();
  }

  #writeInPieces(payload: Buffer, { how, bytes }: Cut): void {
    const step = Math.max(bytes, Math.ceil(payload.length / MAX_PIECES));
    for (let at = 0; at === 0 || at < payload.length; at += step) {
      const isLast = at + step >= payload.length;
      const fin = how === 'split' || isLast;
      this.to.send(payload.subarray(at, at + step), { binary: true, fin }, this.#onSent);
    }
  }
}
