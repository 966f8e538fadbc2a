import { FrameReader, type FrameHandler, type Violation } from './frame-reader.js';
import type { RelayMemory } from './memory.js';
import { MAX_READ_BYTES } from './pace.js';
import { Ring, type RingSource } from './ring.js';
import type { Slot } from './slot-pool.js';
import type { Turn } from './turns.js';

/** What the downlink sees in the stream besides payload. */
export interface DownlinkEvents {
  onPing(payload: Buffer): Violation | undefined;
  onCloseFrame(code: number, reason: string): void;
  onViolation(violation: Violation): void;
}

/**
 * Reads from which more is expected, in bytes: TLS hands up one record of at most 16 KiB at a time, and bulk data comes
 * in records of 4 KiB or more (nginx's ssl_buffer_size goes down to that). What is smaller and alone goes on at once.
 */
const GATHER_FROM_BYTES = 4_096;

/**
 * Cloud to target: the payload of all frames in one read becomes one slot and one write.
 *
 *     read buffer [hdr|payload][hdr|pay… --headers dropped--> slot payload+payload --write--> target socket
 *
 * Over TLS the records of one turn of the event loop are gathered in the slot before it is written.
 */
export class Downlink implements FrameHandler, Turn {
  readonly ring: Ring;
  readonly #reader: FrameReader;
  #slot: Slot | undefined;
  #readBytes = 0;
  /** Of the buffer that was given for the next read. */
  #bufferBytes = 0;
  #isGathering = false;
  #isStopped = false;
  /** Reads from the cloud; any of them proves that it is alive. */
  reads = 0;
  /** The cloud's socket is a TLS socket. */
  gathers = false;

  constructor(
    private readonly memory: RelayMemory,
    private readonly source: RingSource,
    private readonly events: DownlinkEvents,
    limits: { readonly bootstrapBufferBytes: number; readonly maxMessageBytes: number },
  ) {
    this.ring = new Ring(memory, source, limits.bootstrapBufferBytes);
    this.#reader = new FrameReader(this, limits.maxMessageBytes);
  }

  readBuffer(): Buffer {
    const buffer = this.ring.nextReadBuffer();
    this.#bufferBytes = buffer.length;
    return buffer;
  }

  onBytes(buffer: Buffer, length: number): boolean {
    this.reads += 1;
    let mayGoOn = true;
    // A 'data' event of a proxied connection may be larger than any slot.
    for (let start = 0; start < length; start += MAX_READ_BYTES) {
      mayGoOn = this.#take(buffer, start, Math.min(length, start + MAX_READ_BYTES)) && mayGoOn;
    }
    return mayGoOn;
  }

  #take(buffer: Buffer, start: number, end: number): boolean {
    this.#readBytes = end - start;
    const violation = this.#reader.push(buffer, start, end);
    const mayGoOn = this.#mayGather() ? this.#gather() : this.flush();
    if (violation !== undefined) this.events.onViolation(violation);
    return mayGoOn;
  }

  #mayGather(): boolean {
    if (!this.gathers || !this.ring.hasSink) return false;
    // A short record behind others goes with them: written by itself it would leave the rest a slot of its own.
    if (!this.#isGathering && this.#readBytes < GATHER_FROM_BYTES) return false;
    return this.#slot !== undefined && this.#slot.roomBytes >= this.#readBytes;
  }

  /** The records that TLS has read already still come; more would be a slot of their own, and wait for the next turn. */
  #gather(): boolean {
    if (!this.#isGathering) this.memory.turns.atEnd(this);
    this.#isGathering = true;
    return false;
  }

  onTurn(): void {
    this.#isGathering = false;
    try {
      this.flush();
      this.ring.resumeSource();
    } catch (exception) {
      this.source.onException(exception);
    }
  }

  /** Frames behind a stop are read for their close frame only. */
  onPayload(buffer: Buffer, start: number, end: number): void {
    if (this.#isStopped) return;
    if (this.#slot !== undefined && this.#slot.roomBytes < end - start) this.flush();
    this.#slot ??= this.memory.pool.take(this.#slotBytes(), this.ring);
    const slot = this.#slot;
    this.memory.masker.copy(buffer, start, slot.memory, slot.length, end - start);
    slot.length += end - start;
  }

  /** Payload bytes of a new slot: those of this read, or as many as are likely to come with them. */
  #slotBytes(): number {
    if (!this.gathers || this.#readBytes < GATHER_FROM_BYTES) return this.#readBytes;
    return Math.max(this.#readBytes, this.#bufferBytes);
  }

  onPing(payload: Buffer): Violation | undefined {
    return this.events.onPing(payload);
  }

  /** What came in front of the close frame goes first. */
  onClose(code: number, reason: string): void {
    this.flush();
    this.events.onCloseFrame(code, reason);
  }

  /** Writes what has been gathered. False: the cloud's socket must pause. */
  flush(): boolean {
    const slot = this.#slot;
    if (slot === undefined) return true;
    this.#slot = undefined;
    slot.payloadBytes = slot.length;
    return this.ring.put(slot);
  }

  /** From now on payload is dropped, because the target is gone or the session was closed from here. */
  stop(): void {
    if (this.#isStopped) return;
    this.flush();
    this.#isStopped = true;
    this.ring.discard();
  }
}
