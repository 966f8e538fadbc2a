import { Bandwidth } from './bandwidth.js';
import { LinearMemory } from './linear-memory.js';
import { Masker } from './mask.js';
import { READ_STEPS, MAX_READ_BYTES } from './pace.js';
import { LINEAR_SLOT_BYTES, SlotPool } from './slot-pool.js';
import { Turns } from './turns.js';

/** One read while the other side still connects: small, so that the bootstrap buffer's limit is kept closely. */
const BOOTSTRAP_READ_BYTES = 4_096;

/**
 * What the sessions of one thread share. A read is copied out of the read buffer before the next one happens, so one
 * buffer serves all of them, stays in the cache, and a quiet session holds no read memory at all.
 */
export class RelayMemory {
  readonly pool: SlotPool;
  readonly masker: Masker;
  readonly turns = new Turns();
  /** What the sessions may move, by direction. */
  readonly bandwidth: { readonly uplink: Bandwidth; readonly downlink: Bandwidth };
  readonly #readBuffer: Buffer;
  readonly #stepBuffers: readonly Buffer[];
  readonly bootstrapReadBuffer: Buffer;

  /** @param now monotonic, in ms. */
  constructor(readonly now: () => number) {
    const linear = LinearMemory.create(LINEAR_SLOT_BYTES + MAX_READ_BYTES);
    this.bandwidth = { uplink: new Bandwidth(now), downlink: new Bandwidth(now) };
    this.pool = new SlotPool(linear);
    this.masker = new Masker(linear);
    this.#readBuffer = linear?.allocate(MAX_READ_BYTES) ?? Buffer.allocUnsafeSlow(MAX_READ_BYTES);
    this.#stepBuffers = READ_STEPS.map((bytes) => this.#readBuffer.subarray(0, bytes));
    this.bootstrapReadBuffer = this.#readBuffer.subarray(0, BOOTSTRAP_READ_BYTES);
  }

  /** The read buffer as far as a read of this step may fill it. */
  readBuffer(step: number): Buffer {
    return this.#stepBuffers[step] ?? this.bootstrapReadBuffer;
  }
}
