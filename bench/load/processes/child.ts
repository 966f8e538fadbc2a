import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Calls, ChildMessage, ParentMessage } from './messages.js';

/** Longest wait for a child to exit before it is killed, in ms. */
const EXIT_MS = 5_000;

export interface ChildOptions {
  /** For messages. */
  readonly name: string;
  /** Relative to this file in the build. */
  readonly file: string;
  readonly onNotice?: (notice: unknown) => void;
  /** It ended without being told to. */
  readonly onLost: (sentence: string) => void;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One of the generator's own processes, so that what it costs can be told from what the agent costs. */
export class Child<C extends Calls<C>> {
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #isStopping = false;

  constructor({ name, file, onNotice, onLost }: ChildOptions) {
    this.#name = name;
    // A process group of its own: Ctrl-C is for the parent, which ends its children in order.
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), [], { detached: true });
    this.#process.on('message', (message: ChildMessage) => {
      if (message.kind === 'notice') onNotice?.(message.notice);
      else this.#settle(message);
    });
    const onEnd = (how: string): void => {
      const sentence = `${name} ended unexpectedly (${how})`;
      for (const { reject } of this.#waiting.values()) reject(new Error(sentence));
      this.#waiting.clear();
      if (!this.#isStopping) onLost(sentence);
    };
    this.#process.on('error', (error) => onEnd(error.message));
    this.#process.on('exit', (code, signal) => onEnd(signal ?? `exit code ${code ?? 0}`));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** @throws Error with the child's sentence, after `limitMs`, or when it ends. */
  async call<Name extends keyof C & string>(
    name: Name,
    argument: C[Name]['argument'],
    limitMs: number,
  ): Promise<C[Name]['result']> {
    this.#calls += 1;
    const id = this.#calls;
    const result = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    const timer = setTimeout(() => {
      this.#waiting.get(id)?.reject(new Error(`${this.#name} did not answer within ${limitMs / 1_000} s`));
    }, limitMs);
    this.#send({ kind: 'call', id, call: name, argument });
    try {
      return await result;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  tell(notice: unknown): void {
    this.#send({ kind: 'notice', notice });
  }

  /** Resolves when the process is gone. Harmless when it is already. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const gone = once(child, 'exit');
    this.#send({ kind: 'exit' });
    const late = setTimeout(() => child.kill('SIGKILL'), EXIT_MS);
    await gone;
    clearTimeout(late);
  }

  #send(message: ParentMessage): void {
    // A child that is gone is told of by its exit.
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  #settle(message: Exclude<ChildMessage, { kind: 'notice' }>): void {
    const waiting = this.#waiting.get(message.id);
    if (message.kind === 'result') waiting?.resolve(message.result);
    else waiting?.reject(new Error(message.sentence));
  }
}
