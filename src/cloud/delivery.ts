import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ParsedOperation } from './intake.js';

/**
 * Operations handed over in one turn of the event loop. Each costs some 0.3 ms there (policy, its session's task, its
 * status), and a thousand at once would hold everything else of the main thread for as long.
 */
const BATCH = 10;

/** Operations of messages that wait for their turn. What is beyond them is still PENDING, and the next sweep has it. */
const MAX_WAITING = 10_000;

export interface Receiver {
  readonly parseOperation: (document: unknown) => ParsedOperation;
  readonly onOperation: (parsed: ParsedOperation) => void;
}

/** Hands documents over in order, a few in each turn of the event loop; stops when `signal` aborts. */
export async function deliver(
  documents: readonly unknown[],
  { parseOperation, onOperation }: Receiver,
  signal: AbortSignal,
): Promise<void> {
  for (const [index, document] of documents.entries()) {
    if (index > 0 && index % BATCH === 0) await nextTurn();
    if (signal.aborted) return;
    onOperation(parseOperation(document));
  }
}

/** Hands operations over as they come, in order, a few in each turn of the event loop. */
export class DeliveryLine {
  readonly #onOperation: (parsed: ParsedOperation) => void;
  readonly #waiting: ParsedOperation[] = [];
  #isScheduled = false;

  /** `onOperation` must not throw. */
  constructor(onOperation: (parsed: ParsedOperation) => void) {
    this.#onOperation = onOperation;
  }

  /** Takes what a message brought; gives how many of it there was no room for. */
  push(parsed: readonly ParsedOperation[]): number {
    const taken = parsed.slice(0, MAX_WAITING - this.#waiting.length);
    this.#waiting.push(...taken);
    this.#schedule();
    return parsed.length - taken.length;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      for (const parsed of this.#waiting.splice(0, BATCH)) this.#onOperation(parsed);
      this.#schedule();
    });
  }
}
