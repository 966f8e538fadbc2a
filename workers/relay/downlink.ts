import { FrameReader, type FrameHandler, type Violation } from './frame-reader.js';
import type { RelayMemory } from './memory.js';
import { Ring, type RingSource } from './ring.js';
import type { Slot } from './slot-pool.js';

/** What the downlink sees in the stream besides payload. */
export interface DownlinkEvents {
  onPing(payload: Buffer): Violation | undefined;
  onCloseFrame(code: number, reason: string): void;
  onViolation(violation: Violation): void;
}

/**
 * Cloud to target: the payload of all frames in one read becomes one slot and one write.
 *
 *     read buffer [hdr|payload][hdr|pay… --headers dropped--> slot payload+payload --write--> target socket
 */
export class Downlink implements FrameHandler {
  readonly ring: Ring;
  readonly #reader: FrameReader;
  #slot: Slot | undefined;
  #readBytes = 0;
  #isStopped = false;
  /** Reads from the cloud; any of them proves that it is alive. */
  reads = 0;

  constructor(
    private readonly memory: RelayMemory,
    source: RingSource,
    private readonly events: DownlinkEvents,
    limits: { readonly bootstrapBufferBytes: number; readonly maxMessageBytes: number },
  ) {
    this.ring = new Ring(memory.pool, source, limits.bootstrapBufferBytes);
    this.#reader = new FrameReader(this, limits.maxMessageBytes);
  }

  readBuffer(): Buffer {
    return this.ring.hasSink ? this.memory.readBuffer : this.memory.bootstrapReadBuffer;
  }

  onBytes(buffer: Buffer, length: number): boolean {
    this.reads += 1;
    // A 'data' event of a proxied connection may be larger than any slot.
    const largest = this.memory.readBuffer.length;
    let mayGoOn = true;
    for (let start = 0; start < length; start += largest) {
      mayGoOn = this.#take(buffer, start, Math.min(length, start + largest)) && mayGoOn;
    }
    return mayGoOn;
  }

  #take(buffer: Buffer, start: number, end: number): boolean {
    this.#readBytes = end - start;
    const violation = this.#reader.push(buffer, start, end);
    const mayGoOn = this.#flush();
    if (violation !== undefined) this.events.onViolation(violation);
    return mayGoOn;
  }

  /** Frames behind a stop are read for their close frame only. */
  onPayload(buffer: Buffer, start: number, end: number): void {
    if (this.#isStopped) return;
    this.#slot ??= this.memory.pool.take(this.#readBytes, this.ring);
    buffer.copy(this.#slot.memory, this.#slot.length, start, end);
    this.#slot.length += end - start;
  }

  onPing(payload: Buffer): Violation | undefined {
    return this.events.onPing(payload);
  }

  /** What came in front of the close frame goes first. */
  onClose(code: number, reason: string): void {
    this.#flush();
    this.events.onCloseFrame(code, reason);
  }

  #flush(): boolean {
    const slot = this.#slot;
    if (slot === undefined) return true;
    this.#slot = undefined;
    slot.payloadBytes = slot.length;
    return this.ring.put(slot);
  }

  /** From now on payload is dropped, because the target is gone or the session was closed from here. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.ring.discard();
  }
}
