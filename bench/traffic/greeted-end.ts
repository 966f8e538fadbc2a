import { GreetingReader, type Greeting } from './greeting.js';
import type { SessionEnd } from './session-end.js';

export interface GreetedOptions {
  /** The end that goes on when the greeting is there. */
  readonly makeEnd: (greeting: Greeting) => SessionEnd;
  /** What came instead was no greeting. */
  readonly onFault: (sentence: string) => void;
}

/** The cloud's end of a session before it knows which one it is. */
export class GreetedEnd implements SessionEnd {
  readonly #options: GreetedOptions;
  readonly #reader = new GreetingReader();
  #end: SessionEnd | undefined;

  constructor(options: GreetedOptions) {
    this.#options = options;
  }

  start(): void {
    // The target's end begins.
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    if (this.#end !== undefined) return this.#end.onBytes(buffer, start, end);
    const taken = this.#reader.take(buffer, start, end);
    try {
      const greeting = this.#reader.greeting;
      if (greeting === undefined) return;
      this.#end = this.#options.makeEnd(greeting);
    } catch (error) {
      this.#options.onFault(error instanceof Error ? error.message : String(error));
      return;
    }
    this.#end.start();
    if (start + taken < end) this.#end.onBytes(buffer, start + taken, end);
  }

  onDrain(): void {
    this.#end?.onDrain();
  }

  onEnd(): boolean {
    return this.#end?.onEnd() ?? false;
  }

  onClose(): boolean {
    return this.#end?.onClose() ?? false;
  }
}
