import type { Share } from './share.js';
import { FRAME_BYTES, FRAME_HEADER_BYTES, READ_FRAMES } from './slot-pool.js';

const FRAME_PAYLOAD_BYTES = FRAME_BYTES - FRAME_HEADER_BYTES;

/**
 * Steps of one read, in bytes. A read becomes one slot and one write, and fewer, larger system calls are what makes
 * forwarding cheap (64 KiB reads cost half as much again as 208 KiB ones). Thirteen frames are the most that leave a
 * stalled session below 256 KiB, five and two where TLS holds everything twice.
 */
export const READ_STEPS = READ_FRAMES.map((frames) => frames * FRAME_PAYLOAD_BYTES);

/** The step of the largest read. */
export const MAX_STEP = READ_STEPS.length - 1;

export const MAX_READ_BYTES = READ_FRAMES[3] * FRAME_PAYLOAD_BYTES;

/** Memory of the slot that a read of each step may need, in bytes. */
const SLOT_BYTES = READ_FRAMES.map((frames) => frames * FRAME_BYTES);

/** What may wait at each step, in bytes; at the last one the share of the direction rules. */
const WAITING_BYTES = [2 * FRAME_BYTES, 4 * FRAME_BYTES, 8 * FRAME_BYTES, Number.POSITIVE_INFINITY] as const;

/**
 * Bytes that must have gone through without a long wait before the next step is taken. 256 KiB is what a fast link
 * moves in milliseconds; 4 MiB is the most that Linux takes into a socket (tcp_wmem), behind which a slow reader hides.
 */
const GROW_AFTER_BYTES = [131_072, 262_144, 4_194_304, Number.POSITIVE_INFINITY] as const;

/** A sink that needs longer for what waits is slow, in ms: 208 KiB in 100 ms are 17 Mbit/s. */
const SLOW_MS = 100;

/** A direction is quiet when the other one has moved so many bytes more than sixteen times its own. */
const QUIET_AFTER_BYTES = 4_194_304;
const QUIET_FACTOR = 16;

const NOTHING: Share = { aloneBytes: 0, besideBytes: 0 };

/**
 * How much one direction reads at a time and keeps in flight: little until the sink has shown that it is fast, and
 * little again once it is slow. A VNC server, for one, only drops frames when TCP pushes back; every byte that waits
 * here is a picture that comes too late.
 *
 * The two directions of a session share its memory. The size of a read is fixed when the one before it is done, so each
 * looks at what the other one is about to read, and one that finds too little left reads single frames until the
 * other's next read is a smaller one.
 */
export class Pace {
  /** What the sink has shown to be good for, and what the next read is. */
  #step = 0;
  #armed = 0;
  #share = NOTHING;
  #other: Pace | undefined;
  #quickBytes = 0;
  #behindBytes = 0;
  #pausedAtMs = 0;
  #maxStep = MAX_STEP;

  constructor(private readonly now: () => number) {}

  /** Makes this and `other` the two directions of one session. */
  beside(other: Pace): void {
    this.#other = other;
    other.#other = this;
  }

  /** @param share memory that may wait for the sink. Below one frame there is one read at a time all the same. */
  open(share: Share): void {
    this.#share = share;
  }

  /** Reads are no larger than of this step: a rate lets no more through at a time. */
  limitStep(step: number): void {
    this.#maxStep = step;
  }

  /** Fixes the size of the next read and gives its step. */
  arm(): number {
    const mostBytes = this.#mostBytes();
    let step = Math.min(this.#step, this.#maxStep);
    while (step > 0 && slotBytes(step) > mostBytes) step -= 1;
    this.#armed = step;
    return step;
  }

  /** Whether another read may happen while `waitingBytes` of memory wait for the sink. */
  hasRoom(waitingBytes: number): boolean {
    if (waitingBytes === 0) return true;
    const mostBytes = Math.min(this.#mostBytes(), WAITING_BYTES[this.#armed] ?? 0);
    return waitingBytes + slotBytes(this.#armed) <= mostBytes;
  }

  /** What may wait now, in bytes. */
  #mostBytes(): number {
    const other = this.#other;
    if (other === undefined) return this.#share.aloneBytes;
    // It still is about to read what it may read alone.
    if (other.#armed > 0 && slotBytes(other.#armed) > other.#share.besideBytes) return FRAME_BYTES;
    return other.#step === 0 ? this.#share.aloneBytes : this.#share.besideBytes;
  }

  onRead(bytes: number): void {
    this.#behindBytes = Math.max(0, this.#behindBytes - QUIET_FACTOR * bytes);
    this.#other?.onOther(bytes);
    this.#quickBytes += bytes;
    if (this.#quickBytes >= (GROW_AFTER_BYTES[this.#step] ?? 0)) this.#step += 1;
  }

  /**
   * The other direction has moved so much. A direction that has become quiet may still make one large read; the other
   * one does not wait for that any longer.
   */
  onOther(bytes: number): void {
    this.#behindBytes += bytes;
    if (this.#behindBytes < QUIET_AFTER_BYTES) return;
    this.#startOver(0);
    this.#armed = 0;
  }

  onPaused(): void {
    this.#pausedAtMs = this.now();
  }

  onResumed(): void {
    if (this.now() - this.#pausedAtMs >= SLOW_MS) this.#startOver(Math.max(0, this.#step - 1));
  }

  #startOver(step: number): void {
    this.#step = step;
    this.#quickBytes = 0;
    this.#behindBytes = 0;
  }
}

function slotBytes(step: number): number {
  return SLOT_BYTES[step] ?? FRAME_BYTES;
}
