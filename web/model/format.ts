/*
 * Numbers and times as a person reads them. Everything is plain text; nothing here makes markup.
 */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `1.2 MiB`, in the units of the commands and the configuration. A few digits, so that a column stays calm. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}

/** For the marks of an axis, which are round: `16 MiB/s`, `1.5 MiB/s`. */
export function roundRate(bytesPerSecond: number): string {
  return `${bytes(bytesPerSecond).replace('.0 ', ' ')}/s`;
}

/** `1.2 MiB/s`; a dash for nothing, so that what moves stands out. */
export function rate(bytesPerSecond: number): string {
  return bytesPerSecond < 0.5 ? '–' : `${bytes(bytesPerSecond)}/s`;
}

/** `4 s`, `12 min`, `3 h 05 min`, `2 d 4 h`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `4:32`, for what runs out while one looks at it. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Local time of day: `10:22:01`; of another day than that of `nowMs` it is `22 Nov 10:22`. */
export function clock(iso: string, nowMs: number): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const isToday = date.toDateString() === new Date(nowMs).toDateString();
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (isToday) return `${time}:${two(date.getSeconds())}`;
  return `${date.getDate()} ${MONTHS[date.getMonth()] ?? ''} ${time}`;
}

/** Characters that would turn the text around them, and others that nobody sees: shown as what they are not. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '\ufffd');
}

/** `10.0.5.7:5900`, `[fd00::7]:5900`. */
export function target(host: string, port: number | null): string {
  return targetParts(host, port).join('');
}

/** The same in two parts, for where only the host may be cut off: `[fd00::7]` and `:5900`. */
export function targetParts(host: string, port: number | null): readonly [name: string, port: string] {
  return [plain(host.includes(':') ? `[${host}]` : host), port === null ? '' : `:${port}`];
}

/** Ends `text` as a sentence, so that another one can follow. Nothing stays nothing. */
export function sentence(text: string): string {
  const whole = plain(text).trim();
  return whole === '' || /[.!?…]["')\]]?$/.test(whole) ? whole : `${whole}.`;
}

/** `1 session`, `2 sessions`. */
export function many(count: number, one: string, several = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : several}`;
}

/** `0.4 ms`, `12 ms`. */
export function delay(ms: number): string {
  return `${ms < 9.95 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
