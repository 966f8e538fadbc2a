import type { Socket } from 'node:net';
import { reset } from './reset.js';

/** What goes wrong with the bytes of one direction. */
export interface FlowToxics {
  /** Each piece is held back for so long, in ms. Default 0. */
  readonly latencyMs?: number;
  /** Up to so much longer, at random but in order, in ms. Default 0. */
  readonly jitterMs?: number;
  /** Largest rate, in bytes a second. Default none. */
  readonly bytesPerSecond?: number;
  /** Pieces of at most so many bytes, each in a write of its own. Default as they come. */
  readonly sliceBytes?: number;
  /** Bytes that pass; then comes `after`. Default all. */
  readonly limitBytes?: number;
  /** What happens behind the last byte that passes. Default `close`: FIN to both. */
  readonly after?: 'close' | 'reset' | 'half-close' | 'silence';
  /** Takes no byte any more: the sender is held back by its own window. Default false. */
  readonly isStopped?: boolean;
  /** Takes all bytes and passes none on. Default false. */
  readonly isSwallowing?: boolean;
}

/** Bytes that a flow holds at most: what is delayed. Then its source is paused. */
const MAX_HELD_BYTES = 1_048_576;

/** From the last byte that passes to the reset, in ms. */
const RESET_LAG_MS = 50;

interface Piece {
  readonly bytes: Buffer;
  readonly dueAtMs: number;
}

/** One direction of a connection through a toxic proxy. */
export class ToxicFlow {
  readonly #pieces: Piece[] = [];
  #heldBytes = 0;
  #passedBytes = 0;
  #hasEnded = false;
  #isOver = false;
  /** When the next byte may go, by the rate. */
  #freeAtMs = 0;
  #stopWaiting: (() => void) | undefined;

  constructor(
    readonly direction: 'up' | 'down',
    private readonly from: Socket,
    private readonly to: Socket,
    private toxics: FlowToxics,
  ) {
    from.on('data', (chunk: Buffer) => this.#take(chunk));
    from.on('end', () => {
      this.#hasEnded = true;
      this.#pump();
    });
    from.on('close', () => this.stop());
    to.on('drain', () => this.#pump());
    this.set(toxics);
  }

  set(toxics: FlowToxics): void {
    this.toxics = toxics;
    if (toxics.isStopped === true) this.from.pause();
    else this.from.resume();
    this.#pump();
  }

  stop(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
  }

  #take(chunk: Buffer): void {
    if (this.#isOver || this.toxics.isSwallowing === true) return;
    const { latencyMs = 0, jitterMs = 0, sliceBytes = chunk.length } = this.toxics;
    const earliestMs = this.#pieces.at(-1)?.dueAtMs ?? 0;
    const dueAtMs = Math.max(earliestMs, performance.now() + latencyMs + Math.random() * jitterMs);
    for (let at = 0; at < chunk.length; at += sliceBytes) {
      this.#pieces.push({ bytes: chunk.subarray(at, at + sliceBytes), dueAtMs });
    }
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > MAX_HELD_BYTES) this.from.pause();
    this.#pump();
  }

  /** Passes on what is due; comes again by itself for the rest. */
  #pump(): void {
    if (this.#stopWaiting !== undefined || this.#isOver || this.to.destroyed) return;
    for (let piece = this.#pieces[0]; piece !== undefined; piece = this.#pieces[0]) {
      if (this.to.writableNeedDrain) return;
      const waitMs = Math.max(piece.dueAtMs, this.#freeAtMs) - performance.now();
      if (waitMs > 0) return this.#comeAgain(waitMs);
      this.#pieces.shift();
      this.#heldBytes -= piece.bytes.length;
      if (!this.#pass(piece.bytes)) return;
      // Each slice gets a turn of its own, so that the kernel does not join them again.
      if (this.toxics.sliceBytes !== undefined) return this.#comeAgain(0);
    }
    if (this.#heldBytes === 0 && this.toxics.isStopped !== true) this.from.resume();
    if (this.#hasEnded) this.to.end();
  }

  #comeAgain(waitMs: number): void {
    const again = (): void => {
      this.#stopWaiting = undefined;
      this.#pump();
    };
    if (waitMs > 0) {
      const timer = setTimeout(again, Math.ceil(waitMs));
      this.#stopWaiting = () => clearTimeout(timer);
    } else {
      const immediate = setImmediate(again);
      this.#stopWaiting = () => clearImmediate(immediate);
    }
  }

  /** Writes one piece, or what of it may still pass; false behind the last byte. */
  #pass(bytes: Buffer): boolean {
    const { bytesPerSecond, limitBytes = Infinity } = this.toxics;
    const allowed = bytes.subarray(0, Math.max(0, limitBytes - this.#passedBytes));
    this.#passedBytes += allowed.length;
    if (allowed.length > 0) this.to.write(allowed);
    if (bytesPerSecond !== undefined) {
      this.#freeAtMs =
        Math.max(this.#freeAtMs, performance.now()) + (allowed.length / bytesPerSecond) * 1_000;
    }
    if (this.#passedBytes < limitBytes) return true;
    this.#isOver = true;
    this.#end();
    return false;
  }

  #end(): void {
    switch (this.toxics.after ?? 'close') {
      case 'close':
        this.to.end();
        this.from.end();
        return;
      case 'reset':
        // Some time behind the last byte: a reset would overtake what the peer has not read.
        setTimeout(() => reset(this.to), RESET_LAG_MS).unref();
        reset(this.from);
        return;
      case 'half-close':
        this.to.end();
        return;
      case 'silence':
        return;
    }
  }
}
