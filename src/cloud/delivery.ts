import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ParsedOperation } from './intake.js';

/**
 * Operations handed over in one turn of the event loop. Each costs some 0.2 ms there (policy, its session's task, its
 * status), and a thousand at once would hold everything else of the main thread for as long.
 */
const BATCH = 25;

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
