import type { Channel, ChannelHandler } from './channel.js';

/** A channel that changes one byte of what is sent, so that a test sees it found. */
export class DamagedChannel implements Channel {
  readonly #channel: Channel;
  readonly #offset: number;
  #sent = 0;

  /** @param offset of the byte in all that is sent, from 0. */
  constructor(channel: Channel, offset: number) {
    this.#channel = channel;
    this.#offset = offset;
  }

  attach(handler: ChannelHandler): void {
    this.#channel.attach(handler);
  }

  write(piece: Buffer): boolean {
    const index = this.#offset - this.#sent;
    this.#sent += piece.length;
    if (index < 0 || index >= piece.length) return this.#channel.write(piece);
    const copy = Buffer.from(piece);
    copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
    return this.#channel.write(copy);
  }

  end(): void {
    this.#channel.end();
  }

  destroy(): void {
    this.#channel.destroy();
  }
}
