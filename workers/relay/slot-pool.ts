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
    readonly sizeClass: number,
  ) {
    this.#view = memory;
    this.written = (error) => this.owner?.onWritten(this, error);
  }

  /** The bytes to write. Bulk traffic asks for the same length again and again and gets the same Buffer. */
  view(): Buffer {
    if (this.#view.length !== this.length) this.#view = this.memory.subarray(0, this.length);
    return this.#view;
  }
}

/** Headroom for frame headers: 8 bytes for each 16,376 of payload are 136 for the largest class. */
const HEADER_ROOM = 256;

/** Payload that fits each class: a keystroke, a TLS record, a full read. Quiet sessions hold small slots only. */
const CLASS_BYTES = [4_096, 16_384, 65_536, 262_144] as const;

/** Free memory kept per class and thread, in bytes: what eight bulk sessions turn over. The rest is left to the collector. */
const MAX_FREE_BYTES = 16_777_216;

/** Slots of one thread, recycled. */
export class SlotPool {
  readonly #free: Slot[][] = CLASS_BYTES.map(() => []);

  /**
   * A slot with room for `payloadBytes` and their frame headers.
   * @throws RangeError above the largest class; a read is never larger.
   */
  take(payloadBytes: number, owner: SlotOwner): Slot {
    const sizeClass = CLASS_BYTES.findIndex((bytes) => payloadBytes <= bytes);
    const bytes = CLASS_BYTES[sizeClass];
    if (bytes === undefined) throw new RangeError(`no slot holds ${payloadBytes} bytes`);
    const slot =
      this.#free[sizeClass]?.pop() ?? new Slot(Buffer.allocUnsafeSlow(bytes + HEADER_ROOM), sizeClass);
    slot.isFree = false;
    slot.owner = owner;
    slot.length = 0;
    slot.payloadBytes = 0;
    return slot;
  }

  /** Gives a slot back. Twice is a fault of ours that would mix sessions, so it throws. */
  give(slot: Slot): void {
    if (slot.isFree) throw new Error('slot given back twice');
    slot.isFree = true;
    slot.owner = undefined;
    const free = this.#free[slot.sizeClass];
    const bytes = CLASS_BYTES[slot.sizeClass];
    if (free === undefined || bytes === undefined || free.length * bytes >= MAX_FREE_BYTES) return;
    free.push(slot);
  }
}
