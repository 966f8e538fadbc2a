import { OPCODE, writeHeader } from './frame-header.js';
import type { RelayMemory } from './memory.js';
import { Ring, type RingSource } from './ring.js';
import { FRAME_BYTES, FRAME_HEADER_BYTES } from './slot-pool.js';

/**
 * Largest payload of one frame, in bytes. The service's limit is not documented; 16 KiB messages are known to pass.
 * With its 8-byte header such a frame fills one TLS record exactly.
 */
const FRAME_PAYLOAD_BYTES = FRAME_BYTES - FRAME_HEADER_BYTES;

/**
 * Target to cloud: one read becomes one slot of whole frames and one write.
 *
 *     read buffer --mask while copying--> slot [hdr|payload][hdr|payload]… --write--> cloud socket
 */
export class Uplink {
  readonly ring: Ring;
  #isStopped = false;

  constructor(
    private readonly memory: RelayMemory,
    source: RingSource,
    bootstrapBytes: number,
  ) {
    this.ring = new Ring(memory, source, bootstrapBytes);
  }

  readBuffer(): Buffer {
    return this.ring.nextReadBuffer();
  }

  onBytes(buffer: Buffer, length: number): boolean {
    if (this.#isStopped) return true;
    const { masker, pool } = this.memory;
    const slot = pool.take(length, this.ring);
    let end = 0;
    for (let read = 0; read < length; read += FRAME_PAYLOAD_BYTES) {
      const payload = Math.min(FRAME_PAYLOAD_BYTES, length - read);
      masker.renewKey();
      const start = writeHeader(slot.memory, end, OPCODE.binary, payload, masker.key);
      masker.maskCopy(buffer, read, slot.memory, start, payload);
      end = start + payload;
    }
    slot.length = end;
    slot.payloadBytes = length;
    return this.ring.put(slot);
  }

  /** From now on what the target sends is read and dropped: nobody is there to take it. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.ring.discard();
  }
}
