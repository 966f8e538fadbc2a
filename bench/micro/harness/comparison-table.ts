import type { BenchComparison, NameMatch, Range } from './comparison.js';
import { textTable, timeText } from './text-table.js';

/** A whole comparison, for people and as JSON. */
export interface Comparison {
  readonly schema: 1;
  readonly kind: 'micro-comparison';
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly rounds: number;
  readonly timeMs: number;
  /** Commits of the two sides; B is the work tree. */
  readonly a: string;
  readonly b: string;
  readonly benches: readonly BenchComparison[];
  readonly onlyA: readonly string[];
  readonly onlyB: readonly string[];
}

const HEADS = ['bench', 'A p50', 'B p50', 'B/A', 'range', 'B wins', ''] as const;

const MARKS = { faster: '<< faster', slower: '>> SLOWER', unclear: '' } as const;

/** What was compared, a line per bench, and what could not be compared. */
export function comparisonText(comparison: Comparison): string {
  const { a, b, rounds, timeMs, benches } = comparison;
  return [
    `A = ${a}, B = ${b}; ${rounds} rounds in turns, ${timeMs} ms per bench and round; times of one operation.`,
    'B/A below 1: B is faster. Marked where the times of all rounds of A and of B do not overlap.',
    '',
    textTable(
      HEADS,
      benches.map((bench) => row(bench, rounds)),
    ),
    ...onlyLines(comparison),
    '',
  ].join('\n');
}

function row({ name, a, b, ratio, wins, verdict }: BenchComparison, rounds: number): readonly string[] {
  return [
    name,
    timeText(a.median),
    timeText(b.median),
    ratio.median.toFixed(3),
    rangeText(ratio),
    `${wins}/${rounds}`,
    MARKS[verdict],
  ];
}

function rangeText({ low, high }: Range): string {
  return `${low.toFixed(3)} - ${high.toFixed(3)}`;
}

function onlyLines({ onlyA, onlyB }: Pick<NameMatch, 'onlyA' | 'onlyB'>): string[] {
  return [
    ...onlyA.map((name) => `Only in A, not compared: ${name}`),
    ...onlyB.map((name) => `Only in B, not compared: ${name}`),
  ];
}
