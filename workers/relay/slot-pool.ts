import type { LinearMemory } from './linear-memory.js';

/** Whoever waits for a slot's write to complete. */
export interface SlotOwner {
  onWritten(slot: Slot, error: Error | null | undefined): void;
}

/**
 * Memory for the bytes of one read, on their way to a socket. It belongs to its owner from take() until the write
 * has completed; recycling it earlier would put another session's bytes on the wire.
 */
export class Slot {
  owner: SlotOwner | undefined;
  /** Bytes on the wire: payload and frame headers. */
  length = 0;
  /** Bytes of the tunnel itself. */
  payloadBytes = 0;
  isFree = false;
  /** The write's callback, made once per slot, so that no chunk needs a closure. */
  readonly written: (error?: Error | null) => void;
  #view: Buffer;

  constructor(
    readonly memory: Buffer,
    /** The slots it goes back to. */
    readonly sizeClass: SizeClass,
    readonly isLinear: boolean,
  ) {
    this.#view = memory;
    this.written = (error) => this.owner?.onWritten(this, error);
  }

  get roomBytes(): number {
    return this.memory.length - this.length;
  }

  /** The bytes to write. Bulk traffic asks for the same length again and again and gets the same Buffer. */
  view(): Buffer {
    if (this.#view.length !== this.length) this.#view = this.memory.subarray(0, this.length);
    return this.#view;
  }
}

/** A frame of ours and its 8-byte header fill one TLS record (RFC 8446 section 5.1) exactly. */
export const FRAME_BYTES = 16_384;
export const FRAME_HEADER_BYTES = 8;

/** Frames of one read, by step (see pace.ts). */
export const READ_FRAMES = [1, 2, 5, 13] as const;

/** A keystroke, and a read of each step. Quiet sessions hold small slots only. */
const CLASSES: readonly { readonly slotBytes: number; readonly mostLinear: number }[] = [
  { slotBytes: 4_096, mostLinear: 512 },
  { slotBytes: READ_FRAMES[0] * FRAME_BYTES, mostLinear: 256 },
  { slotBytes: READ_FRAMES[1] * FRAME_BYTES, mostLinear: 64 },
  { slotBytes: READ_FRAMES[2] * FRAME_BYTES, mostLinear: 64 },
  { slotBytes: READ_FRAMES[3] * FRAME_BYTES, mostLinear: 48 },
];

/** What the slots in linear memory take at most, in bytes: 23 MiB per thread, provided by the system as it is used. */
export const LINEAR_SLOT_BYTES = CLASSES.reduce((sum, size) => sum + size.slotBytes * size.mostLinear, 0);

/** Slots of one thread, recycled. */
export class SlotPool {
  readonly #classes: readonly SizeClass[];

  constructor(linear?: LinearMemory) {
    this.#classes = CLASSES.map(({ slotBytes, mostLinear }) => new SizeClass(slotBytes, mostLinear, linear));
  }

  /**
   * A slot with room for `payloadBytes` and the frame headers they need.
   * @throws RangeError above the largest class; a read is never larger.
   */
  take(payloadBytes: number, owner: SlotOwner): Slot {
    const frames = Math.ceil(payloadBytes / (FRAME_BYTES - FRAME_HEADER_BYTES));
    const slot = this.#classOf(payloadBytes + frames * FRAME_HEADER_BYTES).take();
    slot.isFree = false;
    slot.owner = owner;
    slot.length = 0;
    slot.payloadBytes = 0;
    return slot;
  }

  #classOf(bytes: number): SizeClass {
    for (const sizeClass of this.#classes) if (bytes <= sizeClass.slotBytes) return sizeClass;
    throw new RangeError(`no slot holds ${bytes} bytes`);
  }

  /** Gives a slot back. Twice is a fault of ours that would mix sessions, so it throws. */
  give(slot: Slot): void {
    if (slot.isFree) throw new Error('slot given back twice');
    slot.isFree = true;
    slot.owner = undefined;
    slot.sizeClass.give(slot);
  }
}

/**
 * Slots of one size, in linear memory up to a number, then in ordinary memory, of which as many are kept; the rest is
 * left to the collector. Last in, first out: the slot that is taken is still in the cache.
 */
class SizeClass {
  readonly #freeLinear: Slot[] = [];
  readonly #freeOrdinary: Slot[] = [];
  #linearSlots = 0;

  constructor(
    readonly slotBytes: number,
    private readonly mostLinear: number,
    private readonly linear: LinearMemory | undefined,
  ) {}

  take(): Slot {
    return this.#freeLinear.pop() ?? this.#makeLinear() ?? this.#freeOrdinary.pop() ?? this.#makeOrdinary();
  }

  give(slot: Slot): void {
    if (slot.isLinear) this.#freeLinear.push(slot);
    else if (this.#freeOrdinary.length < this.mostLinear) this.#freeOrdinary.push(slot);
  }

  #makeLinear(): Slot | undefined {
    if (this.#linearSlots === this.mostLinear) return undefined;
    const memory = this.linear?.allocate(this.slotBytes);
    if (memory === undefined) return undefined;
    this.#linearSlots += 1;
    return new Slot(memory, this, true);
  }

  #makeOrdinary(): Slot {
    return new Slot(Buffer.allocUnsafeSlow(this.slotBytes), this, false);
  }
}
