import { fork, type ChildProcess } from 'node:child_process';
import { generationMessage, type GenerationMessage, type HandOver, type ParentMessage } from '../messages.js';

/** How a generation ended. */
export interface GenerationEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What came of waiting for a message. */
export type Awaited<K extends GenerationMessage['kind']> =
  | { readonly kind: 'said'; readonly message: Extract<GenerationMessage, { kind: K }> }
  | { readonly kind: 'failed'; readonly exitCode: number; readonly sentences: readonly string[] }
  | { readonly kind: 'ended'; readonly end: GenerationEnd }
  | { readonly kind: 'late' };

/**
 * Longest wait for the last lines of a log, in ms, before a generation that has stopped is killed: standard output that
 * is inherited blocks, and a reader that stands still would keep the process for ever.
 */
const LAST_LINES_MS = 2_000;

/** Longest wait for the channel of a process that has ended, in ms. */
const LAST_WORDS_MS = 500;

export interface GenerationProcessOptions {
  /** File that hosts a generation. */
  readonly entry: string;
  readonly args: readonly string[];
  readonly onMessage: (from: GenerationProcess, message: GenerationMessage) => void;
  readonly onEnd: (from: GenerationProcess, end: GenerationEnd) => void;
}

/** One generation as its parent sees it: a process with a channel. */
export class GenerationProcess {
  /** 0 until it has one. */
  generation = 0;
  /** By the parent's monotonic clock; undefined until it is in charge for the first time. */
  inChargeSinceMs: number | undefined;
  wasReady = false;
  /** Why it ends, as far as it has said so. */
  failure: Extract<GenerationMessage, { kind: 'failed' }> | undefined;
  /** It was given a time by which its sessions have to end. */
  isExpiring = false;
  /** Sessions that it told of when it was released, and that have not ended. */
  readonly guests = new Map<string, HandOver['guests'][number]>();
  readonly #child: ChildProcess;
  readonly #waiting = new Set<(message: GenerationMessage | GenerationEnd) => void>();
  #end: GenerationEnd | undefined;
  /** What it said that it will exit with. */
  #saidCode: number | undefined;
  #lastLines: NodeJS.Timeout | undefined;

  constructor(options: GenerationProcessOptions) {
    this.#child = fork(options.entry, [...options.args], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // Under Node's permission model only this process needs to start others. Where workers are processes, NODE_OPTIONS
      // gives that right to all.
      execArgv: process.execArgv.filter((flag) => flag !== '--allow-child-process'),
    });
    this.#child.on('message', (value: unknown) => {
      const message = generationMessage(value);
      if (message === undefined) return;
      if (message.kind === 'failed') this.failure = message;
      if (message.kind === 'stopped') this.#onStopped(message.exitCode);
      options.onMessage(this, message);
      for (const look of [...this.#waiting]) look(message);
    });
    const ended = (end: GenerationEnd): void => {
      if (this.#end !== undefined) return;
      this.#end = end;
      for (const look of [...this.#waiting]) look(end);
      options.onEnd(this, end);
    };
    this.#child.once('exit', (exitCode, exitSignal) => {
      clearTimeout(this.#lastLines);
      const code = this.#saidCode ?? exitCode;
      const signal = this.#saidCode === undefined ? exitSignal : null;
      // What it said last may still be in the channel; it is through when the channel closes.
      if (!this.#child.connected) return ended({ code, signal });
      const timer = setTimeout(() => ended({ code, signal }), LAST_WORDS_MS);
      this.#child.once('disconnect', () => {
        clearTimeout(timer);
        ended({ code, signal });
      });
    });
    // The process could not be started, or a message not be sent to one that is ending.
    this.#child.on('error', () => {
      if (this.#child.pid === undefined) ended({ code: 1, signal: null });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Undefined while it runs, and when a signal ended it. */
  get exitCode(): number | undefined {
    return this.#end?.code ?? undefined;
  }

  /** Says something; to one that is gone, nothing happens. */
  send(message: ParentMessage): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #onStopped(exitCode: number): void {
    this.#saidCode = exitCode;
    this.#lastLines = setTimeout(() => this.kill(), LAST_LINES_MS);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Waits for a message of this kind, but not beyond a failure, the end of the process or `limitMs`. */
  wait<K extends GenerationMessage['kind']>(kind: K, limitMs: number): Promise<Awaited<K>> {
    return new Promise((resolve) => {
      const settle = (outcome: Awaited<K>): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(outcome);
      };
      const look = (message: GenerationMessage | GenerationEnd): void => {
        if (!('kind' in message)) settle({ kind: 'ended', end: message });
        else if (isOf(message, kind)) settle({ kind: 'said', message });
        else if (message.kind === 'failed') settle(message);
      };
      const timer = setTimeout(() => settle({ kind: 'late' }), limitMs);
      this.#waiting.add(look);
      if (this.#end !== undefined) look(this.#end);
    });
  }
}

function isOf<K extends GenerationMessage['kind']>(
  message: GenerationMessage,
  kind: K,
): message is Extract<GenerationMessage, { kind: K }> {
  return message.kind === kind;
}
