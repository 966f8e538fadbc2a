import { isRunRow, type Row, type RunRow } from '../row.js';
import { obstacle, type Machine } from './machine.js';
import type { RowResult, RunResult } from './result.js';
import { runOnce } from './run.js';

/** Longest run of a row that says nothing else, in ms. */
const LIMIT_MS = 60_000;

export interface RunnerOptions {
  readonly machine: Machine;
  readonly catalogue: string | undefined;
  readonly repeat: number;
  readonly jobs: number;
  readonly signal: AbortSignal;
  /** Told of each row as it is over. */
  readonly onResult: (row: Row, result: RowResult, detail: string | undefined) => void;
}

/** Runs rows, `jobs` at a time, each `repeat` times in a row or until it fails. Results are in the order of the rows. */
export async function runRows(rows: readonly Row[], options: RunnerOptions): Promise<RowResult[]> {
  const results = new Map<string, RowResult>();
  const waiting = [...rows];
  const work = async (): Promise<void> => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
      const { result, detail } = await runRow(row, options);
      results.set(row.id, result);
      options.onResult(row, result, detail);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  return rows.flatMap(({ id }) => results.get(id) ?? []);
}

async function runRow(
  row: Row,
  options: RunnerOptions,
): Promise<{ result: RowResult; detail?: string | undefined }> {
  const isInterrupted = (): boolean => options.signal.aborted;
  const reason = isRunRow(row) ? obstacle(options.machine, row.needs ?? []) : row.notRun;
  if (!isRunRow(row) || reason !== undefined || isInterrupted()) {
    return { result: notRun(row, reason ?? 'interrupted') };
  }
  const runs: RunResult[] = [];
  while (runs.length < options.repeat && (runs.at(-1)?.outcome ?? 'survived') === 'survived') {
    runs.push(await runOnce(runOptions(row, options)));
  }
  // What was ended from outside says nothing about the row.
  if (isInterrupted()) return { result: notRun(row, 'interrupted') };
  return { result: total(row.id, runs), detail: runs.at(-1)?.detail };
}

function notRun({ id }: Row, reason: string): RowResult {
  return { id, outcome: 'not-run', reason, runs: 0, ms: 0, figures: {} };
}

function runOptions(
  row: RunRow,
  { machine, catalogue, signal }: RunnerOptions,
): Parameters<typeof runOnce>[0] {
  const { id, limitMs = LIMIT_MS } = row;
  return { id, catalogue, limitMs, isolated: machine.hasNamespaces, signal };
}

function total(id: string, runs: readonly RunResult[]): RowResult {
  const last = runs.at(-1);
  const { outcome = 'failed', reason, figures = {} } = last ?? {};
  const ms = Math.max(0, ...runs.map((run) => run.ms));
  const which = runs.length > 1 && outcome !== 'survived' ? `run ${runs.length}: ` : '';
  return {
    id,
    outcome,
    runs: runs.length,
    ms,
    figures,
    ...(reason === undefined ? {} : { reason: which + reason }),
  };
}
