import type { Socket } from 'node:net';
import type { Slot, SlotOwner, SlotPool } from './slot-pool.js';

/** Bytes one session may move per direction before the others of its thread get a turn. */
const TURN_BYTES = 262_144;

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
 *            <--pause-- memory >= limit
 *            <--resume-- memory <= limit / 2, when a slot completes
 *
 * Until the sink is there the slots are held; the limit is then the bootstrap buffer's. So nothing is dropped and
 * nothing grows: what does not fit stays in the kernel, and TCP slows the sender. A slot counts with all of its
 * memory: a peer that sends single bytes would otherwise make us hold 4 KiB for each of them.
 */
export class Ring implements SlotOwner {
  readonly #held: Slot[] = [];
  #sink: Socket | undefined;
  #limitBytes: number;
  #waitingBytes = 0;
  #turnBytes = 0;
  #isFull = false;
  #hasYielded = false;
  /** Payload bytes that the sink has taken. */
  deliveredBytes = 0;

  constructor(
    private readonly pool: SlotPool,
    private readonly source: RingSource,
    bootstrapBytes: number,
  ) {
    this.#limitBytes = bootstrapBytes;
  }

  /** Memory of what was read and not yet taken by the sink, in bytes; 0 when nothing waits. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** The source is paused, because the sink is slower. */
  get isPaused(): boolean {
    return this.#isFull;
  }

  /** False while slots are held because the other side still connects. */
  get hasSink(): boolean {
    return this.#sink !== undefined;
  }

  /** The sink is up: what was held goes out first, in one write. */
  open(sink: Socket, limitBytes: number): void {
    this.#sink = sink;
    this.#limitBytes = limitBytes;
    sink.cork();
    for (const slot of this.#held) sink.write(slot.view(), slot.written);
    sink.uncork();
    this.#held.length = 0;
    this.#resumeIfRoom();
  }

  /** Takes a filled slot. False: the source must pause; it is resumed when there is room. */
  put(slot: Slot): boolean {
    this.#waitingBytes += slot.memory.length;
    if (this.#sink === undefined) this.#held.push(slot);
    else this.#sink.write(slot.view(), slot.written);
    if (this.#waitingBytes >= this.#limitBytes) {
      this.#isFull = true;
      return false;
    }
    this.#turnBytes += slot.length;
    if (this.#turnBytes < TURN_BYTES) return true;
    this.#turnBytes = 0;
    this.#hasYielded = true;
    setImmediate(takeTurn, this);
    return false;
  }

  onWritten(slot: Slot, error: Error | null | undefined): void {
    this.#waitingBytes -= slot.memory.length;
    if (error === null || error === undefined) this.deliveredBytes += slot.payloadBytes;
    try {
      this.pool.give(slot);
      this.#resumeIfRoom();
    } catch (exception) {
      this.source.onException(exception);
    }
  }

  /** Gives up what is held, and lets the source flow: its end has to be seen. */
  discard(): void {
    for (const slot of this.#held) {
      this.#waitingBytes -= slot.memory.length;
      this.pool.give(slot);
    }
    this.#held.length = 0;
    this.#isFull = false;
    if (!this.#hasYielded) this.source.socket()?.resume();
  }

  /** The turn of the others is over. */
  onTurn(): void {
    this.#hasYielded = false;
    if (!this.#isFull) this.source.socket()?.resume();
  }

  #resumeIfRoom(): void {
    if (!this.#isFull || this.#waitingBytes > this.#limitBytes / 2) return;
    this.#isFull = false;
    if (!this.#hasYielded) this.source.socket()?.resume();
  }
}

function takeTurn(ring: Ring): void {
  ring.onTurn();
}
