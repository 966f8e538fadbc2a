import type { Summary } from '../../statistics.js';
import type { Metric } from '../metric.js';
import { METRICS } from '../metric.js';
import type { Row } from '../outcome.js';
import type { Workload } from '../workload.js';

/** Columns of a table; the first is flush left, so is the last, the others right. */
type Cells = readonly string[];

const GAP = '  ';

/** The table of a workload. */
export function textTable(workload: Workload, tableRows: readonly Row[], baseline: string): string {
  const metrics = METRICS[workload];
  const head = ['peer', ...metrics.map(({ title }) => title), `x ${baseline}`, 'core', 'gen.', ''];
  const body = tableRows.map((row) => [
    row.peer,
    ...metrics.map((metric, index) => range(metric, row.summaries[index])),
    row.ratio === undefined ? '-' : row.ratio.toFixed(2),
    percent(row.peerShare),
    percent(row.generatorShare),
    row.remarks.join(', '),
  ]);
  return aligned([head, ...body]);
}

/** `median [min-max]`. */
export function range({ digits }: Metric, summary: Summary | undefined): string {
  if (summary === undefined) return '-';
  const { count, median, min, max } = summary;
  const middle = median.toFixed(digits);
  return count === 1 ? middle : `${middle} [${min.toFixed(digits)}-${max.toFixed(digits)}]`;
}

function percent(share: number | undefined): string {
  return share === undefined ? '-' : `${Math.round(share * 100)} %`;
}

/** Lines of equal columns. */
export function aligned(lines: readonly Cells[]): string {
  const columns = Math.max(...lines.map((cells) => cells.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...lines.map((cells) => (cells[column] ?? '').length)),
  );
  return lines
    .map((cells) =>
      cells
        .map((cell, column) =>
          column === 0 || column === columns - 1
            ? cell.padEnd(widths[column] ?? 0)
            : cell.padStart(widths[column] ?? 0),
        )
        .join(GAP)
        .trimEnd(),
    )
    .join('\n');
}
