import type { Config } from '../config/config.js';
import { difference, type Change } from '../config/difference.js';
import { reloadable, type Reload } from '../config/reload.js';
import type { Breach } from '../supervisor/compliance.js';

/** Lines about one reload; who changed more than that compares the files. */
const MAX_LINES = 200;

interface ReloadLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * The keys that changed. What this process cannot change, the next generation has from its start; but all of them have
 * one journal, and only for another one a restart is needed.
 */
export function changedKeys(old: Config, fresh: Config): Reload {
  const { applies, needsRestart } = reloadable(old, fresh);
  const isFixed = (key: string): boolean => key === 'state.directory';
  return {
    applies: [...applies, ...needsRestart].filter((key) => !isFixed(key)),
    needsRestart: needsRestart.filter(isFixed),
  };
}

/** A line for each thing that a reload changes, with what it was before. Gives all of them. */
export function logDifference(log: ReloadLog, old: Config, fresh: Config): readonly Change[] {
  const changes = difference(old, fresh);
  for (const change of changes.slice(0, MAX_LINES)) log.info(change, 'configuration changed');
  const left = changes.length - MAX_LINES;
  if (left > 0) log.info({ left }, 'configuration changed in more places');
  return changes;
}

/** A line for each conduit whose sessions a reload ends, with how many and why (of the first). */
export function logBreaches(log: ReloadLog, breaches: readonly Breach[]): void {
  const byConduit = new Map<string, { sessions: number; readonly why: string }>();
  for (const { record, why } of breaches) {
    const known = byConduit.get(record.conduit);
    if (known === undefined) byConduit.set(record.conduit, { sessions: 1, why });
    else known.sessions += 1;
  }
  for (const [conduit, { sessions, why }] of [...byConduit].slice(0, MAX_LINES)) {
    log.warn({ conduit, sessions, why }, 'sessions end that the configuration no longer allows');
  }
}
