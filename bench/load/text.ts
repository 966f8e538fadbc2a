/** A number of bytes for people, in binary units: `1.5 MiB`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${unit === 0 ? String(Math.round(value)) : shortNumber(value)} ${units[unit] ?? ''}`;
}

/** A time for people, given in ms. */
export function timeText(ms: number): string {
  return ms < 1_000 ? `${shortNumber(ms)} ms` : `${shortNumber(ms / 1_000)} s`;
}

/** About three digits. */
export function shortNumber(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** A whole number with separators. */
export function countText(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Text of a command, an error or a process as it may stand on a terminal: no control characters. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, '?');
}
