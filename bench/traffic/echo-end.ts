import { performance } from 'node:perf_hooks';
import { Pattern } from './pattern.js';
import { downlinkSeed, type EndContext, type SessionEnd } from './session-end.js';
import { StreamCheck } from './stream-check.js';

/** One ping, in bytes: a line typed, or a pointer moved. */
export const PING_BYTES = 64;

/** The target's end: what comes goes back. */
export class EchoTarget implements SessionEnd {
  constructor(private readonly context: EndContext) {}

  start(): void {
    // The cloud's end begins.
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    this.context.channel.send(Buffer.from(buffer.subarray(start, end)));
  }

  onDrain(): void {
    // 64 bytes at a time never fill a buffer.
  }

  onEnd(): boolean {
    return false;
  }

  onClose(): boolean {
    return false;
  }
}

/** The cloud's end: sends a ping, waits until all of it is back, thinks, and sends the next. */
export class EchoCloud implements SessionEnd {
  readonly #context: EndContext;
  readonly #pattern: Pattern;
  readonly #check: StreamCheck;
  #sentAtMs = 0;
  #sentBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(context: EndContext) {
    this.#context = context;
    this.#pattern = new Pattern(downlinkSeed(context.session));
    this.#check = new StreamCheck(downlinkSeed(context.session));
  }

  start(): void {
    this.#think();
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    const { tally, session, channel } = this.#context;
    if (!this.#check.take(buffer, start, end) || this.#check.bytes > this.#sentBytes) {
      tally.fault(`session ${session}: an echo is wrong, at ${this.#check.wrongAt ?? this.#sentBytes}`);
      channel.destroy();
    } else if (this.#check.bytes === this.#sentBytes) {
      tally.roundTrip(performance.now() - this.#sentAtMs);
      this.#think();
    }
  }

  onDrain(): void {
    // 64 bytes at a time never fill a buffer.
  }

  onEnd(): boolean {
    return this.#stop();
  }

  onClose(): boolean {
    return this.#stop();
  }

  /** Half to one and a half of the mean, so that sessions do not fall into step. */
  #think(): void {
    const { thinkMs } = this.#context.settings;
    this.#timer = setTimeout(() => this.#ping(), thinkMs * (0.5 + Math.random()));
  }

  #ping(): void {
    this.#sentAtMs = performance.now();
    this.#context.channel.send(this.#pattern.view(this.#sentBytes, PING_BYTES));
    this.#sentBytes += PING_BYTES;
  }

  #stop(): boolean {
    clearTimeout(this.#timer);
    return false;
  }
}
