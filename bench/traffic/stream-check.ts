import { Pattern } from './pattern.js';

/** Holds what arrives against the stream that was sent. */
export class StreamCheck {
  readonly #pattern: Pattern;
  /** Bytes taken so far, all of them right. */
  bytes = 0;
  /** Place in the stream of the first wrong byte; nothing is taken after it. */
  wrongAt: number | undefined;

  constructor(seed: number) {
    this.#pattern = new Pattern(seed);
  }

  /** Takes the next bytes. Gives false when one of them is wrong, or one was before. */
  take(buffer: Buffer, start: number, end: number): boolean {
    if (this.wrongAt !== undefined) return false;
    const wrong = this.#pattern.check(buffer, start, end, this.bytes);
    if (wrong === -1) this.bytes += end - start;
    else this.wrongAt = this.bytes + wrong - start;
    return wrong === -1;
  }
}
