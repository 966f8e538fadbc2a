import type { IntakeEvents, ParsedOperation } from './intake.js';
import { sentenceOf } from './link-error.js';
import type { Log } from './log.js';

export interface OperationGateOptions {
  readonly events: IntakeEvents;
  readonly log: Log;
  /** Sees each operation before it is handed over. */
  readonly before?: (parsed: ParsedOperation) => void;
}

/** Hands operations over while it is open: another process may have them, or none more are taken on. */
export class OperationGate {
  readonly #options: OperationGateOptions;
  #isOpen = false;

  constructor(options: OperationGateOptions) {
    this.#options = options;
  }

  /** False when it was open before. */
  open(): boolean {
    const wasOpen = this.#isOpen;
    this.#isOpen = true;
    return !wasOpen;
  }

  close(): void {
    this.#isOpen = false;
  }

  take(parsed: ParsedOperation): void {
    const { events, log, before } = this.#options;
    if (!this.#isOpen) return;
    if (parsed.kind === 'ignored' && parsed.isUnusable === true) events.onViolation?.('unusable-operation');
    try {
      before?.(parsed);
      events.onOperation(parsed);
    } catch (error) {
      // One operation must not take the link down with it.
      log.error({ cause: sentenceOf(error) }, 'an operation was not handled');
    }
  }
}
