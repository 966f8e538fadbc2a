import { readdirSync } from 'node:fs';

/** Journals of generations, as they are named in the state directory. */
const JOURNAL = /^journal\.(\d{1,15})$/;

/** The number after that of the newest journal in the directory; 1 when there is none. */
export function claimState(directory: string | null): number {
  if (directory === null) return 1;
  const numbers = filesOf(directory).map((name) => Number(JOURNAL.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers) + 1;
}

/** A directory that is not there yet has none; what else is wrong with it, its user finds out. */
function filesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
