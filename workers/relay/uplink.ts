import { OPCODE, writeHeader } from './frame-header.js';
import type { RelayMemory } from './memory.js';
import { Ring, type RingSource } from './ring.js';

/**
 * Largest payload of one frame, in bytes. The service's limit is not documented; 16 KiB messages are known to pass.
 * With its 8-byte header such a frame fills one TLS record of 16,384 bytes exactly.
 */
const MAX_FRAME_PAYLOAD_BYTES = 16_384 - 8;

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
    this.ring = new Ring(memory.pool, source, bootstrapBytes);
  }

  readBuffer(): Buffer {
    return this.ring.hasSink ? this.memory.readBuffer : this.memory.bootstrapReadBuffer;
  }

  onBytes(buffer: Buffer, length: number): boolean {
    if (this.#isStopped) return true;
    const { masker, pool } = this.memory;
    const slot = pool.take(length, this.ring);
    let end = 0;
    for (let read = 0; read < length; read += MAX_FRAME_PAYLOAD_BYTES) {
      const payload = Math.min(MAX_FRAME_PAYLOAD_BYTES, length - read);
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
