import type { Measurement } from './result.js';
import { countText, textTable, timeText } from './text-table.js';

const HEADS = ['bench', 'ops/s', 'p50', 'p99', '± %', 'samples', 'GiB/s'] as const;

/** The measurements for people; times are of one operation. */
export function resultTable(measurements: readonly Measurement[]): string {
  return textTable(HEADS, measurements.map(row));
}

function row({ name, operationsPerSecond, ...figures }: Measurement): readonly string[] {
  const { p50Ns, p99Ns, marginPercent, samples, gibPerSecond } = figures;
  return [
    name,
    countText(operationsPerSecond),
    timeText(p50Ns),
    timeText(p99Ns),
    marginPercent.toFixed(2),
    countText(samples),
    gibPerSecond === undefined ? '' : gibPerSecond.toPrecision(3),
  ];
}
