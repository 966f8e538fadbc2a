import { quiet } from './linux/machine.js';
import type { RunRecord } from './outcome.js';
import type { Found, Peer } from './peer.js';
import { runOnce, type RunOptions } from './run.js';
import { schedule } from './schedule.js';
import type { Workload } from './workload.js';

/** A run that others disturbed is done again, so many times in all. */
const MOST_ATTEMPTS = 3;

/** A peer that failed so often at a workload is not asked again. */
const MOST_FAILURES = 2;

/** A peer that can be run. */
export interface Contender {
  readonly peer: Peer;
  readonly found: Found;
}

export interface BenchOptions extends Omit<RunOptions, 'peer' | 'found' | 'workload'> {
  readonly contenders: readonly Contender[];
  readonly workloads: readonly Workload[];
  readonly rounds: number;
  /** Wait for a quiet machine before each run, and repeat what was disturbed. */
  readonly waitsForQuiet: boolean;
  /** Told before each run, also before one that is done again. */
  readonly onTurn: (turn: Progress) => void;
}

export interface Progress {
  /** From 1 to `count`. */
  readonly number: number;
  readonly count: number;
  readonly workload: Workload;
  readonly peer: string;
  /** By the runs so far; undefined before the first has ended. */
  readonly secondsLeft: number | undefined;
  /** From 1; above, the run before was disturbed. */
  readonly attempt: number;
}

/** All runs, one after the other. */
export async function bench(options: BenchOptions): Promise<RunRecord[]> {
  const { contenders, workloads, rounds, onTurn } = options;
  const turns = schedule(rounds, workloads, contenders);
  const records: RunRecord[] = [];
  const beganMs = Date.now();
  for (const [index, { round, workload, peer: contender }] of turns.entries()) {
    const peer = contender.peer.name;
    const perRunMs = index === 0 ? undefined : (Date.now() - beganMs) / index;
    const secondsLeft = perRunMs === undefined ? undefined : (perRunMs * (turns.length - index)) / 1_000;
    if (failures(records, peer, workload) >= MOST_FAILURES) continue;
    const progress = { number: index + 1, count: turns.length, workload, peer, secondsLeft };
    const onAttempt = (attempt: number): void => onTurn({ ...progress, attempt });
    records.push({
      round,
      workload,
      peer,
      ...(await repeat({ ...options, ...contender, workload }, onAttempt)),
    });
  }
  return records;
}

/** Runs until a run is undisturbed, or often enough. */
async function repeat(
  options: RunOptions & Pick<BenchOptions, 'waitsForQuiet'>,
  onAttempt: (attempt: number) => void,
): Promise<Pick<RunRecord, 'attempts' | 'figures' | 'error'>> {
  const most = options.waitsForQuiet ? MOST_ATTEMPTS : 1;
  for (let attempts = 1; ; attempts += 1) {
    onAttempt(attempts);
    if (options.waitsForQuiet) await quiet();
    try {
      const figures = await runOnce(options);
      if (!figures.isDisturbed || attempts === most) return { attempts, figures };
    } catch (error) {
      return { attempts, error: error instanceof Error ? error.message : String(error) };
    }
  }
}

function failures(records: readonly RunRecord[], peer: string, workload: Workload): number {
  return records.filter(
    (record) => record.peer === peer && record.workload === workload && record.error !== undefined,
  ).length;
}
