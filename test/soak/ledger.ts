import { z } from 'zod';

const count = z.int().min(0);

/**
 * One run of the soak, as `ledger.jsonl` keeps it: one line of JSON each, oldest first, only ever added to. Nothing in it
 * tells whose machine it was.
 */
export const LedgerEntry = z.strictObject({
  /** When it began, ISO 8601 in UTC. */
  date: z.iso.datetime(),
  version: z.string(),
  /** Short hash, with `+` when the working copy had changes. */
  commit: z.string().regex(/^[0-9a-f]{7,40}\+?$|^unknown$/),
  node: z.string().regex(/^\d+\.\d+\.\d+$/),
  seed: z.string().max(100),
  isolation: z.enum(['thread', 'process']),
  minutes: z.number().positive(),
  /** At the same time. */
  concurrentSessions: count,
  /** That were opened, and of them those that had nothing happen to them and ended with every byte. */
  sessions: count,
  whole: count,
  /** Bytes that arrived and were held against their stream, both directions. */
  bytesVerified: count,
  /** What went wrong on purpose, by kind. */
  faults: z.record(z.string(), count),
  /** Sessions that a reset or a killed worker ended. */
  lostToFaults: count,
  slopes: z.strictObject({
    rssMiBPerHour: z.number(),
    heapMiBPerHour: z.number(),
    descriptorsPerHour: z.number(),
    handlesPerHour: z.number(),
  }),
  wrongBytes: count,
  crossed: count,
  unexplained: count,
  verdict: z.enum(['passed', 'failed']),
});

export type LedgerEntry = z.infer<typeof LedgerEntry>;

/** Every entry. @throws Error that names the line which is no entry, or is older than the one before. */
export function readLedger(text: string): readonly LedgerEntry[] {
  const lines = text.split('\n').filter((line) => line !== '');
  let last = '';
  return lines.map((line, index) => {
    const parsed = LedgerEntry.safeParse(JSON.parse(line));
    if (!parsed.success) throw new Error(`line ${index + 1}: ${z.prettifyError(parsed.error)}`);
    if (parsed.data.date < last) throw new Error(`line ${index + 1} is older than the one before`);
    last = parsed.data.date;
    return parsed.data;
  });
}

/** Hours and bytes of all runs that passed. */
export function totals(entries: readonly LedgerEntry[]): { readonly hours: number; readonly bytes: number } {
  const passed = entries.filter(({ verdict }) => verdict === 'passed');
  return {
    hours: passed.reduce((sum, { minutes }) => sum + minutes / 60, 0),
    bytes: passed.reduce((sum, { bytesVerified }) => sum + bytesVerified, 0),
  };
}
