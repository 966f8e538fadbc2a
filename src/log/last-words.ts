import type { Log } from './log.js';

/** Exit code of a process that met a fault of its own; service managers start it again. */
const EXIT_FAILED = 1;

/**
 * From now on an exception or rejection that nobody expected is logged and ends the process at once: what it left
 * half-done is unknown, and the next process starts from what is on disk and at the cloud.
 */
export function logUncaught(log: Log, sink: { flushSync(): void }): void {
  // An unhandled rejection comes as an exception, too.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'the agent met a fault of its own and ends');
    sink.flushSync();
    process.exit(EXIT_FAILED);
  });
}
