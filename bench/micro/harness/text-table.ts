/** Rows as lines: the first column to the left, all others to the right, with a rule under the heads. */
export function textTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, column) => {
        const cell = cells[column] ?? '';
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  return [line(heads), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line), ''].join('\n');
}

const TIME_UNITS = [
  { unit: 's', ns: 1e9 },
  { unit: 'ms', ns: 1e6 },
  { unit: 'µs', ns: 1e3 },
] as const;

/** A time in the unit that suits it, with four digits: `18.21 ns`, `4.502 µs`. */
export function timeText(ns: number): string {
  const { unit, ns: size } = TIME_UNITS.find((one) => ns >= one.ns) ?? { unit: 'ns', ns: 1 };
  return `${(ns / size).toPrecision(4)} ${unit}`;
}

/** A number of things with separators between thousands: `1,234,567`. */
export function countText(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}
