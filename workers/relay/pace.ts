import { FRAME_BYTES, FRAME_HEADER_BYTES } from './slot-pool.js';

const FRAME_PAYLOAD_BYTES = FRAME_BYTES - FRAME_HEADER_BYTES;

/**
 * Steps of one read, in bytes: one frame, five, fourteen. A read becomes one slot and one write, and fewer, larger
 * system calls are what makes forwarding cheap (64 KiB reads cost half as much again as 224 KiB ones). Fourteen frames
 * are the most that leave a stalled session below 256 KiB, five where TLS holds everything twice.
 */
export const READ_STEPS = [FRAME_PAYLOAD_BYTES, 5 * FRAME_PAYLOAD_BYTES, 14 * FRAME_PAYLOAD_BYTES] as const;

export const MAX_READ_BYTES = READ_STEPS[2];

/** Memory of the slot that a read of each step may need, in bytes. */
const SLOT_BYTES = [FRAME_BYTES, 5 * FRAME_BYTES, 14 * FRAME_BYTES] as const;

/** What may wait at each step, in bytes; at the last one the limit of the configuration rules. */
const WAITING_BYTES = [2 * FRAME_BYTES, 8 * FRAME_BYTES, Number.POSITIVE_INFINITY] as const;

/**
 * Bytes that must have gone through without a long wait before the next step is taken. 256 KiB is what a fast link
 * moves in milliseconds; 4 MiB is the most that Linux takes into a socket (tcp_wmem), behind which a slow reader hides.
 */
const GROW_AFTER_BYTES = [262_144, 4_194_304, Number.POSITIVE_INFINITY] as const;

/** A sink that needs longer for what waits is slow, in ms: 224 KiB in 100 ms are 18 Mbit/s. */
const SLOW_MS = 100;

type Step = 0 | 1 | 2;

/**
 * How much one direction reads at a time and keeps in flight: little until the sink has shown that it is fast, and
 * little again once it is slow. A VNC server, for one, only drops frames when TCP pushes back; every byte that waits
 * here is a picture that comes too late.
 */
export class Pace {
  #step: Step = 0;
  #largest: Step = 0;
  #limitBytes = 0;
  #quickBytes = 0;
  #pausedAtMs = 0;

  constructor(private readonly now: () => number) {}

  /** @param limitBytes memory that may wait for the sink. Below one frame there is one read at a time all the same. */
  open(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    this.#largest = limitBytes >= SLOT_BYTES[2] ? 2 : limitBytes >= SLOT_BYTES[1] ? 1 : 0;
  }

  get step(): Step {
    return this.#step;
  }

  /** Whether another read may happen while `waitingBytes` of memory wait for the sink. */
  hasRoom(waitingBytes: number): boolean {
    const mostBytes = Math.min(this.#limitBytes, WAITING_BYTES[this.#step]);
    return waitingBytes === 0 || waitingBytes + SLOT_BYTES[this.#step] <= mostBytes;
  }

  onRead(bytes: number): void {
    this.#quickBytes += bytes;
    if (this.#step === this.#largest || this.#quickBytes < GROW_AFTER_BYTES[this.#step]) return;
    this.#step = this.#step === 0 ? 1 : 2;
  }

  onPaused(): void {
    this.#pausedAtMs = this.now();
  }

  onResumed(): void {
    if (this.now() - this.#pausedAtMs < SLOW_MS) return;
    this.#quickBytes = 0;
    this.#step = this.#step === 2 ? 1 : 0;
  }
}
