import type { Channel } from './channel.js';
import { Pattern } from './pattern.js';

/** Sends a stream as fast as its channel takes it, a large write per turn of the event loop. */
export class Pump {
  readonly #channel: Channel;
  readonly #pattern: Pattern;
  readonly #writeBytes: number;
  #position = 0;
  #isStopped = false;

  constructor(channel: Channel, seed: number, writeBytes: number) {
    this.#channel = channel;
    this.#pattern = new Pattern(seed, channel.mask);
    this.#writeBytes = writeBytes;
  }

  /** Sends the next piece; to be called at the start and at every drain. */
  readonly go = (): void => {
    if (this.#isStopped) return;
    const hasRoom = this.#channel.sendStream(this.#pattern, this.#position, this.#writeBytes);
    this.#position += this.#writeBytes;
    // A turn each, so that one session whose reader keeps up does not starve the others.
    if (hasRoom) setImmediate(this.go);
  };

  /** A drain came: goes on in the next turn. */
  onDrain(): void {
    setImmediate(this.go);
  }

  stop(): void {
    this.#isStopped = true;
  }
}
