import { createInterface, type Interface } from 'node:readline/promises';
import { Writable, type Readable } from 'node:stream';
import type { Output } from './terminal.js';

/** Nobody answers any more: Ctrl-C, Ctrl-D, or the terminal is gone. */
export class PromptEnded extends Error {
  constructor() {
    super('stopped at a question');
  }
}

/** Questions on a terminal, one at a time. What is typed for a secret is not shown, and nothing is remembered. */
export class Prompt {
  readonly #output: Output;
  readonly #screen: Screen;
  readonly #lines: Interface;
  readonly #ended = new AbortController();

  constructor(input: Readable, output: Output) {
    this.#output = output;
    this.#screen = new Screen(output);
    this.#lines = createInterface({
      input,
      output: this.#screen,
      terminal: true,
      // With a history, the arrow keys would bring back a password.
      historySize: 0,
    });
    // The terminal sends no signal while its keys are read one by one.
    this.#lines.on('SIGINT', () => this.#ended.abort());
    this.#lines.on('close', () => this.#ended.abort());
  }

  /** Aborted as soon as nobody answers any more: for what is done between the questions. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** One line, without blanks around it. @throws PromptEnded */
  async ask(question: string): Promise<string> {
    return (await this.#line(question)).trim();
  }

  /** One line that is not shown; blanks belong to it. @throws PromptEnded */
  async askSecret(question: string): Promise<string> {
    // The question goes out before, since the library draws it anew at each key.
    this.#output.write(question);
    this.#screen.isDark = true;
    try {
      return await this.#line('');
    } finally {
      this.#screen.isDark = false;
      this.#output.write('\n');
    }
  }

  /** Gives the terminal back. */
  close(): void {
    this.#lines.close();
  }

  async #line(question: string): Promise<string> {
    const { signal } = this.#ended;
    try {
      signal.throwIfAborted();
      return await this.#lines.question(question, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new PromptEnded();
    }
  }
}

/** What the library writes to; dark, it shows nothing. */
class Screen extends Writable {
  isDark = false;

  constructor(private readonly output: Output) {
    super({ decodeStrings: false });
  }

  get columns(): number | undefined {
    return this.output.columns;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    if (!this.isDark) this.output.write(chunk.toString());
    done();
  }
}
