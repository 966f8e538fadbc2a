import { Masker } from './mask.js';
import { SlotPool } from './slot-pool.js';

/** One read of a flowing session, in bytes. Larger reads mean fewer system calls, which is where the time goes. */
const READ_BYTES = 65_536;

/** One read while the other side still connects: small, so that the bootstrap buffer's limit is kept closely. */
const BOOTSTRAP_READ_BYTES = 4_096;

/**
 * What the sessions of one thread share. A read is copied out of the read buffer before the next one happens, so one
 * buffer serves all of them, stays in the cache, and a quiet session holds no read memory at all.
 */
export class RelayMemory {
  readonly readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly bootstrapReadBuffer = this.readBuffer.subarray(0, BOOTSTRAP_READ_BYTES);
  readonly pool = new SlotPool();
  readonly masker = new Masker();
}
