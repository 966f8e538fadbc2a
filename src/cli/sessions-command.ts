import { EXIT } from '../exit-codes.js';
import type { AdminCommandOptions } from './admin-client.js';
import type { ProcessIo } from './process-io.js';
import { sessions } from './sessions.js';
import { watchSessions } from './sessions-watch.js';

/** Flags of `gatehouse sessions`. */
export interface SessionsFlags {
  readonly watch?: true;
  /** Seconds, as typed. */
  readonly interval?: string;
  readonly json?: true;
}

/** `gatehouse sessions`, once or again and again. Gives the exit code. */
export async function sessionsCommand(
  { watch, interval }: SessionsFlags,
  options: AdminCommandOptions,
  io: ProcessIo,
): Promise<number> {
  const intervalMs = interval === undefined ? undefined : Number(interval) * 1_000;
  if (intervalMs !== undefined && !(intervalMs >= 100 && intervalMs <= 86_400_000)) {
    io.stderr.write('--interval is a number of seconds from 0.1 to 86400.\n');
    return EXIT.usage;
  }
  if (watch !== true && interval !== undefined) {
    io.stderr.write('--interval is for --watch.\n');
    return EXIT.usage;
  }
  if (watch !== true) return sessions(options, io);
  const stop = new AbortController();
  io.onInterrupt(() => stop.abort());
  return watchSessions({ ...options, intervalMs }, io, stop.signal);
}
