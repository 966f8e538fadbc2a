import type { GenerationMessage, ParentMessage } from '../messages.js';
import { GenerationProcess, type GenerationEnd } from './generation-process.js';
import { Questions } from './questions.js';

/** What the fleet tells its owner. */
export interface FleetEvents {
  onLink(from: GenerationProcess, connected: boolean): void;
  onDrainAsked(from: GenerationProcess): void;
  onEnd(from: GenerationProcess, end: GenerationEnd, wasInCharge: boolean): void;
}

/** All generations that are alive, and what they say to each other through the parent. */
export class Fleet {
  readonly #processes = new Set<GenerationProcess>();
  readonly #questions = new Questions();
  /** The one with the admin listener and the control connection. */
  inCharge: GenerationProcess | undefined;

  constructor(
    private readonly options: { readonly entry: () => string; readonly args: readonly string[] },
    private readonly events: FleetEvents,
  ) {}

  get size(): number {
    return this.#processes.size;
  }

  /** Oldest first. */
  all(): readonly GenerationProcess[] {
    return [...this.#processes];
  }

  /** Numbers of those that are alive beside `process` and have been in charge: they may have sessions. */
  eldersOf(process: GenerationProcess): number[] {
    return this.all()
      .filter((other) => other !== process && other.inChargeSinceMs !== undefined)
      .map(({ generation }) => generation);
  }

  /** Starts a process. The file is looked up each time: an upgrade may have replaced it. */
  fork(): GenerationProcess {
    const process = new GenerationProcess({
      entry: this.options.entry(),
      args: this.options.args,
      onMessage: (from, message) => this.#onMessage(from, message),
      onEnd: (from, end) => {
        this.#processes.delete(from);
        this.#questions.ended(from);
        for (const sessionId of from.guests.keys()) this.#guestGone(from, sessionId);
        const wasInCharge = this.inCharge === from;
        if (wasInCharge) this.inCharge = undefined;
        this.events.onEnd(from, end, wasInCharge);
      },
    });
    this.#processes.add(process);
    return process;
  }

  /** Asks the one in charge how it is; undefined when it does not say so within `limitMs`. */
  examine(limitMs: number): Promise<unknown> {
    const { inCharge } = this;
    if (inCharge === undefined) return Promise.resolve('nobody');
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), limitMs);
      const send = (message: ParentMessage): void => {
        clearTimeout(timer);
        resolve(message.kind === 'answer' ? message.value : undefined);
      };
      this.#questions.ask({ send }, 0, inCharge, { kind: 'status' });
    });
  }

  /** Told to all: elders count the sessions of older ones, too, when a target becomes exclusive. */
  #guestGone(from: GenerationProcess, sessionId: string): void {
    for (const other of this.#processes) if (other !== from) other.send({ kind: 'guest-gone', sessionId });
  }

  #onMessage(from: GenerationProcess, message: GenerationMessage): void {
    switch (message.kind) {
      case 'link':
        return this.events.onLink(from, message.connected);
      case 'drain-asked':
        return this.events.onDrainAsked(from);
      case 'confirm':
        return from.send({ kind: 'confirmed', id: message.id, inCharge: this.inCharge === from });
      case 'ask': {
        const asked = this.all().find(({ generation }) => generation === message.generation);
        return this.#questions.ask(from, message.id, asked, message.question);
      }
      case 'answer':
        return this.#questions.answer(message.id, message.value);
      case 'session-ended':
        from.guests.delete(message.sessionId);
        return this.#guestGone(from, message.sessionId);
      case 'news':
        // Also to one that is about to take over: it asks for the rest when it does.
        for (const other of this.#processes) if (other !== from) other.send(message);
        return;
      case 'released':
        for (const guest of message.handOver.guests) from.guests.set(guest.id, guest);
        // Too late to be part of the take-over.
        if (this.inCharge !== from) this.inCharge?.send({ kind: 'adopt', handOver: message.handOver });
        return;
      case 'loaded':
      case 'failed':
      case 'ready':
      case 'stopped':
      case 'in-charge':
        return;
    }
  }
}
