import type { Socket } from 'node:net';
import type { Throttle } from './bandwidth.js';
import type { RelayMemory } from './memory.js';
import { MAX_READ_BYTES, MAX_STEP, Pace } from './pace.js';
import type { Share } from './share.js';
import type { Slot, SlotOwner } from './slot-pool.js';
import type { Turn } from './turns.js';

/** Where the bytes of a ring come from. */
export interface RingSource {
  /** The socket that is read, once it is up. */
  readonly socket: () => Socket | undefined;
  /** Told of an exception in a callback of the ring: it ends the session, and not the thread. */
  readonly onException: (error: unknown) => void;
}

/**
 * What one direction has read and its sink has not taken yet, in order.
 *
 *     source --put--> [ slot | slot | slot ] --write--> sink
 *            <--pause-- no room for another read
 *            <--resume-- room again, when a slot completes
 *
 * Until the sink is there the slots are held; the limit is then the bootstrap buffer's. So nothing is dropped and
 * nothing grows: what does not fit stays in the kernel, and TCP slows the sender. A slot counts with all of its
 * memory: a peer that sends single bytes would otherwise make us hold 4 KiB for each of them.
 */
export class Ring implements SlotOwner, Turn {
  readonly #memory: RelayMemory;
  readonly #source: RingSource;
  readonly #bootstrapBytes: number;
  readonly #pace: Pace;
  readonly #held: Slot[] = [];
  #sink: Socket | undefined;
  #waitingBytes = 0;
  #turnBytes = 0;
  #isFull = false;
  #isInLine = false;
  #throttle: Throttle | undefined;
  /** What may move in this moment has moved. */
  #isHeldBack = false;
  /** Payload bytes that the sink has taken. */
  deliveredBytes = 0;

  constructor(memory: RelayMemory, source: RingSource, bootstrapBytes: number) {
    this.#memory = memory;
    this.#source = source;
    this.#bootstrapBytes = bootstrapBytes;
    this.#pace = new Pace(memory.now);
  }

  /** Memory of what was read and not yet taken by the sink, in bytes; 0 when nothing waits. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** The source is paused, because the sink is slower or a rate says so. */
  get isPaused(): boolean {
    return this.#isFull || this.#isHeldBack;
  }

  /** False while slots are held because the other side still connects. */
  get hasSink(): boolean {
    return this.#sink !== undefined;
  }

  /** Makes this and `other` the two directions of one session, which share its memory. */
  beside(other: Ring): void {
    this.#pace.beside(other.#pace);
  }

  /** From now on no more moves than a rate lets through; a rate that was there before counts no more. */
  throttle(make: (onFree: () => void) => Throttle): void {
    this.unthrottle();
    this.#throttle = make(() => this.#onFree());
  }

  /** Nothing is held back any more. */
  unthrottle(): void {
    this.#throttle?.end();
    this.#throttle = undefined;
    this.#pace.limitStep(MAX_STEP);
    if (this.#isHeldBack) this.#onFree();
  }

  #onFree(): void {
    this.#isHeldBack = false;
    try {
      this.resumeSource();
    } catch (exception) {
      this.#source.onException(exception);
    }
  }

  /** Memory for the next read of the source; its size is fixed by this. */
  nextReadBuffer(): Buffer {
    if (!this.hasSink) return this.#memory.bootstrapReadBuffer;
    if (this.#throttle !== undefined) this.#pace.limitStep(this.#throttle.step);
    return this.#memory.readBuffer(this.#pace.arm());
  }

  /** The sink is up: what was held goes out first, in one write. */
  open(sink: Socket, share: Share): void {
    this.#sink = sink;
    this.#pace.open(share);
    sink.cork();
    for (const slot of this.#held) sink.write(slot.view(), slot.written);
    sink.uncork();
    this.#held.length = 0;
    this.#resumeIfRoom();
  }

  /** Takes a filled slot. False: the source must pause; it is resumed when there is room. */
  put(slot: Slot): boolean {
    this.#waitingBytes += slot.memory.length;
    if (this.#sink === undefined) {
      this.#held.push(slot);
      this.#isFull = this.#waitingBytes >= this.#bootstrapBytes;
      return !this.#isFull;
    }
    this.#pace.onRead(slot.length);
    this.#sink.write(slot.view(), slot.written);
    const hasTurn = this.#hasTurn(slot.length);
    if (this.#throttle?.moved(slot.payloadBytes) === false) this.#isHeldBack = true;
    if (this.#pace.hasRoom(this.#waitingBytes)) return hasTurn && !this.#isHeldBack;
    this.#isFull = true;
    this.#pace.onPaused();
    return false;
  }

  /** False once this direction has moved as much as one read may: then the others of the thread get their turn. */
  #hasTurn(bytes: number): boolean {
    this.#turnBytes += bytes;
    if (this.#turnBytes < MAX_READ_BYTES) return true;
    this.#turnBytes = 0;
    if (!this.#isInLine) this.#memory.turns.inLine(this);
    this.#isInLine = true;
    return false;
  }

  onWritten(slot: Slot, error: Error | null | undefined): void {
    this.#waitingBytes -= slot.memory.length;
    if (error === null || error === undefined) this.deliveredBytes += slot.payloadBytes;
    try {
      this.#memory.pool.give(slot);
      this.#resumeIfRoom();
    } catch (exception) {
      this.#source.onException(exception);
    }
  }

  /** Gives up what is held, and lets the source flow: its end has to be seen. */
  discard(): void {
    for (const slot of this.#held) {
      this.#waitingBytes -= slot.memory.length;
      this.#memory.pool.give(slot);
    }
    this.#held.length = 0;
    this.#isFull = false;
    this.unthrottle();
    this.resumeSource();
  }

  /** Lets the source flow, unless it has to wait for room, for its turn or for its rate. */
  resumeSource(): void {
    if (!this.#isFull && !this.#isInLine && !this.#isHeldBack) this.#source.socket()?.resume();
  }

  onTurn(): void {
    this.#isInLine = false;
    try {
      this.resumeSource();
    } catch (exception) {
      this.#source.onException(exception);
    }
  }

  #resumeIfRoom(): void {
    if (!this.#isFull || !this.#pace.hasRoom(this.#waitingBytes)) return;
    this.#isFull = false;
    this.#pace.onResumed();
    this.resumeSource();
  }
}
