import { parentMessage, type GenerationMessage, type ParentMessage, type Question } from './messages.js';

/** The parent as a generation sees it. */
export interface ParentPort {
  /** Says something; resolves when it is in the channel, or the channel is closed. */
  send(message: GenerationMessage): Promise<void>;
  onMessage(listener: (message: ParentMessage) => void): void;
  /** The parent process is gone. */
  onGone(listener: () => void): void;
}

/** The channel of this process. @throws Error when it was not forked. */
export function parentPort(): ParentPort {
  if (process.send === undefined) throw new Error('This file is started by "gatehouse run", not by hand.');
  return {
    send: (message) =>
      new Promise((resolve) => {
        if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
        else resolve();
      }),
    onMessage: (listener) =>
      void process.on('message', (value) => {
        const message = parentMessage(value);
        if (message !== undefined) listener(message);
      }),
    onGone: (listener) => void process.on('disconnect', listener),
  };
}

/** Questions under way; a request of the admin listener asks seven elders at most. */
const MAX_QUESTIONS = 1_000;

/** Asks other generations, and the parent itself, and waits for the answers. */
export class Inquiries {
  readonly #waiting = new Map<number, (value: unknown) => void>();
  #lastId = 0;

  constructor(private readonly port: ParentPort) {}

  /** The answer of another generation; undefined when there is none within `limitMs`. */
  ask(generation: number, question: Question, limitMs: number): Promise<unknown> {
    return this.#wait(limitMs, (id) => ({ kind: 'ask', id, generation, question }));
  }

  /** Whether the parent still has this generation in charge; waits as long as it takes. */
  async confirm(): Promise<boolean> {
    return (await this.#wait(undefined, (id) => ({ kind: 'confirm', id }))) === true;
  }

  answered(id: number, value: unknown): void {
    this.#waiting.get(id)?.(value);
  }

  #wait(limitMs: number | undefined, message: (id: number) => GenerationMessage): Promise<unknown> {
    if (this.#waiting.size >= MAX_QUESTIONS) return Promise.resolve(undefined);
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      const settle = (value: unknown): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(value);
      };
      const timer = limitMs === undefined ? undefined : setTimeout(() => settle(undefined), limitMs);
      this.#waiting.set(id, settle);
      void this.port.send(message(id));
    });
  }
}
