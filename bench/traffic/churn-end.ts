import { Pattern } from './pattern.js';
import { downlinkSeed, uplinkSeed, type EndContext, type SessionEnd } from './session-end.js';
import { StreamCheck } from './stream-check.js';

/** What a session of a churn carries each way, in bytes. */
export const EXCHANGE_BYTES = 1_024;

/** Sends 1 KiB, gets 1 KiB; the target ends the session then, as a device does that hangs up. */
abstract class ChurnEnd implements SessionEnd {
  readonly #check: StreamCheck;

  constructor(
    protected readonly context: EndContext,
    getsSeed: number,
  ) {
    this.#check = new StreamCheck(getsSeed);
  }

  abstract start(): void;
  protected abstract onComplete(): void;

  protected get isComplete(): boolean {
    return this.#check.bytes === EXCHANGE_BYTES;
  }

  protected sendOwn(seed: number): void {
    this.context.channel.send(new Pattern(seed).view(0, EXCHANGE_BYTES));
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    const { tally, session, channel } = this.context;
    if (!this.#check.take(buffer, start, end) || this.#check.bytes > EXCHANGE_BYTES) {
      tally.fault(`session ${session}: a byte is wrong, at ${this.#check.wrongAt ?? EXCHANGE_BYTES}`);
      channel.destroy();
    } else if (this.isComplete) {
      this.onComplete();
    }
  }

  onDrain(): void {
    // 1 KiB never fills a buffer.
  }

  onEnd(): boolean {
    return this.isComplete;
  }

  onClose(): boolean {
    return this.isComplete;
  }
}

export class ChurnTarget extends ChurnEnd {
  constructor(context: EndContext) {
    super(context, downlinkSeed(context.session));
  }

  start(): void {
    this.sendOwn(uplinkSeed(this.context.session));
  }

  protected onComplete(): void {
    this.context.channel.end();
  }

  override onClose(): boolean {
    if (this.isComplete) this.context.tally.exchanges += 1;
    return this.isComplete;
  }
}

export class ChurnCloud extends ChurnEnd {
  constructor(context: EndContext) {
    super(context, uplinkSeed(context.session));
  }

  start(): void {
    // The target's end begins.
  }

  protected onComplete(): void {
    this.sendOwn(downlinkSeed(this.context.session));
  }
}
