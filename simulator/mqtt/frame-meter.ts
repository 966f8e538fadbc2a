/** Largest MQTT packet taken, header included, in bytes: the limit of the platform's core MQTT endpoint. */
export const MAX_PACKET_BYTES = 16_184;

/**
 * Follows packet borders through a byte stream and sees a packet that is larger than allowed as soon as its length is
 * known, before its body is held anywhere. Keeps two numbers, no bytes.
 */
export class FrameMeter {
  readonly #maxBytes: number;
  /** Body bytes of the packet under way that are still to come. */
  #left = 0;
  /** Bytes of the fixed header read so far; 0 between packets. */
  #header = 0;
  #length = 0;

  constructor(maxBytes: number = MAX_PACKET_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** False when a packet in these bytes is too large or has a malformed length: the connection must end. */
  accepts(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, chunk.length - at);
        this.#left -= skipped;
        at += skipped;
      } else if (this.#takesHeaderByte(chunk[at] as number)) {
        at += 1;
      } else {
        return false;
      }
    }
    return true;
  }

  #takesHeaderByte(byte: number): boolean {
    if (this.#header > 0) {
      // MQTT 3.1.1, 2.2.3: seven bits a byte, the least significant first, four bytes at most.
      this.#length += (byte & 0x7f) * 128 ** (this.#header - 1);
      if (this.#header === 4 && byte >= 0x80) return false;
    }
    this.#header += 1;
    if (this.#header === 1 || byte >= 0x80) return true;
    if (this.#header + this.#length > this.#maxBytes) return false;
    this.#left = this.#length;
    this.#header = 0;
    this.#length = 0;
    return true;
  }
}
