import { execFileSync } from 'node:child_process';
import os from 'node:os';
import type { Row } from '../row.js';
import type { RowResult } from './result.js';

const FAMILIES: Readonly<Record<string, string>> = {
  A: 'control connection, REST',
  B: 'control connection, MQTT',
  C: 'operations',
  D: 'names and targets',
  E: 'tunnel dial',
  F: 'frames',
  G: 'data path',
  H: 'processes and host',
  I: 'time',
  J: 'storms',
  K: 'shutdown and hand-over',
  L: 'storage',
};

const WORDS = { survived: 'survived', failed: 'FAILED', leaked: 'LEAKED', 'not-run': 'not run' } as const;

/** One line about a row that is over. */
export function progressLine({ fault }: Row, result: RowResult): string {
  const times = result.runs > 1 ? `${result.runs} x ` : '';
  const took = result.runs === 0 ? '' : `${times}${(result.ms / 1_000).toFixed(1)} s`;
  const figures = Object.entries(result.figures).map(([name, value]) => `${name} ${value}`);
  const tail = result.reason === undefined ? [fault, ...figures].join(', ') : `${fault}: ${result.reason}`;
  return `${result.id}  ${WORDS[result.outcome].padEnd(8)}  ${took.padStart(8)}  ${tail}`;
}

/** The table of the families, what did not survive, and the one figure that counts. */
export function summary(results: readonly RowResult[], total: number): string {
  const letters = [...new Set(results.map(({ id }) => id.charAt(0)))];
  const header = ['family', 'rows', 'survived', 'failed', 'leaked', 'not run'];
  const table = letters.map((letter) => {
    const rows = results.filter(({ id }) => id.startsWith(letter));
    const count = (outcome: RowResult['outcome']): string =>
      String(rows.filter((row) => row.outcome === outcome).length);
    const name = `${letter} ${FAMILIES[letter] ?? ''}`.trim();
    return [name, String(rows.length), ...(['survived', 'failed', 'leaked', 'not-run'] as const).map(count)];
  });
  const others = results.filter(({ outcome }) => outcome !== 'survived');
  const reasons = others.map(({ id, outcome, reason }) => `${id}  ${WORDS[outcome]}: ${reason ?? ''}`);
  return [
    '',
    ...aligned([header, ...table]),
    '',
    ...reasons,
    ...(reasons.length > 0 ? [''] : []),
    verdict(results, total),
    '',
  ].join('\n');
}

function verdict(results: readonly RowResult[], total: number): string {
  const survived = results.filter(({ outcome }) => outcome === 'survived').length;
  if (results.length === total) return `survived ${survived} of ${total}`;
  return `survived ${survived} of the ${results.length} selected rows; the catalogue has ${total}`;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
}

/** The results as a document: what was run, on what, and what came of it. It names no machine and no path. */
export function resultsDocument(results: readonly RowResult[], total: number, seconds: number): object {
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    node: process.version,
    // The digits only: builders put names of their own behind them.
    kernel: /^[\d.]*\d/.exec(os.release())?.[0] ?? 'unknown',
    cpus: os.availableParallelism(),
    seconds: Math.round(seconds),
    survived: results.filter(({ outcome }) => outcome === 'survived').length,
    total,
    rows: results,
  };
}

function commit(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
    const dirty = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with changes';
    return `${git('rev-parse', '--short=12', 'HEAD')}${dirty}`;
  } catch {
    return 'unknown';
  }
}
