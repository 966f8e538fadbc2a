import type { WeeklyTime } from './config.js';
import { fits, formOf, patternForm } from './form.js';
import { nearest } from './suggestion.js';
import { BadValue, text } from './values.js';

/** As the file names them; their place is the day of the week as JavaScript counts it. */
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

/** Times in one window; a different one for each day of the week, four of each, is more than anybody maintains. */
const MAX_TIMES = 28;

const MINUTES_PER_DAY = 1_440;

const DAY_PATTERN = `(?:${DAYS.map(inAnyCase).join('|')})`;
const SPAN_PATTERN = `${DAY_PATTERN}(?:-${DAY_PATTERN})?`;
const CLOCK_PATTERN = '(?:(?:[01]?\\d|2[0-3]):[0-5]\\d|24:00)';
/** For editors; the parser says more. */
const TIME_PATTERN = `(?:${inAnyCase('daily')}|${SPAN_PATTERN}(?:, ?${SPAN_PATTERN})*) +${CLOCK_PATTERN} ?- ?${CLOCK_PATTERN}`;

/**
 * The times of a window, from one text or a list of them: `Mon-Fri 06:00-18:00`, `Sat,Sun 08:00-12:00`,
 * `Sat 22:00-04:00` (into Sunday), `daily 00:00-24:00`.
 */
export function weeklyTimes(raw: unknown): readonly WeeklyTime[] {
  fits(raw, () => {
    const one = formOf(weeklyTime) ?? {};
    return { anyOf: [one, { type: 'array', items: one, minItems: 1, maxItems: MAX_TIMES }] };
  });
  const entries: unknown[] = Array.isArray(raw) ? raw : [raw];
  if (entries.length === 0) throw new BadValue('is empty; leave it out where the hour does not matter');
  if (entries.length > MAX_TIMES) throw new BadValue(`must have at most ${MAX_TIMES} entries`);
  return entries.map(weeklyTime);
}

function weeklyTime(raw: unknown): WeeklyTime {
  fits(raw, () => patternForm(TIME_PATTERN, 'Days and times, such as Mon-Fri 06:00-18:00.', 128));
  const written = text(raw, 128);
  const [, days = '', from = '', to = ''] =
    /^(\S+(?:, ?\S+)*) +(\d{1,2}:\d{2}) ?- ?(\d{1,2}:\d{2})$/.exec(written) ?? [];
  if (days === '') throw new BadValue('must be days and times, such as Mon-Fri 06:00-18:00');
  const fromMinute = minuteOfDay(from);
  const toMinute = minuteOfDay(to);
  if (fromMinute === MINUTES_PER_DAY)
    throw new BadValue('must not begin at 24:00; write 00:00 of the next day');
  if (fromMinute === toMinute) {
    throw new BadValue('begins and ends at the same time; the whole day is 00:00-24:00');
  }
  const time = { days: daysOf(days), fromMinute, toMinute };
  return { ...time, text: textOf(time) };
}

function minuteOfDay(written: string): number {
  const [hours = 0, minutes = 0] = written.split(':').map(Number);
  const minute = hours * 60 + minutes;
  if (minutes > 59 || minute > MINUTES_PER_DAY)
    throw new BadValue('has a time that is not from 00:00 to 24:00');
  return minute;
}

/** `daily`, `Mon`, `Mon-Fri`, `Fri-Mon`, `Mon,Wed,Fri`; in any case. */
function daysOf(written: string): readonly number[] {
  if (written.toLowerCase() === 'daily') return DAYS.map((_, day) => day);
  const days = written.split(/, ?/).flatMap((part) => {
    const [first = '', last = first, ...more] = part.split('-');
    if (more.length > 0) throw notDays();
    const [from, to] = [dayOf(first), dayOf(last)];
    const length = ((to - from + DAYS.length) % DAYS.length) + 1;
    return Array.from({ length }, (_, step) => (from + step) % DAYS.length);
  });
  return [...new Set(days)].sort((a, b) => a - b);
}

function dayOf(written: string): number {
  const day = DAYS.findIndex((name) => name.toLowerCase() === written.toLowerCase());
  if (day < 0) throw notDays();
  return day;
}

function notDays(): BadValue {
  return new BadValue(`names days that are not daily or out of ${DAYS.join(', ')}`);
}

/** The times in one spelling, however they were written. */
function textOf({ days, fromMinute, toMinute }: Omit<WeeklyTime, 'text'>): string {
  return `${daysText(days)} ${clockText(fromMinute)}-${clockText(toMinute)}`;
}

function daysText(days: readonly number[]): string {
  if (days.length === DAYS.length) return 'daily';
  // From Monday on, so that a weekend is one range.
  const ordered = [...days].sort((a, b) => ((a + 6) % 7) - ((b + 6) % 7));
  const runs: number[][] = [];
  for (const day of ordered) {
    const run = runs.at(-1);
    if (run?.at(-1) === (day + 6) % 7) run.push(day);
    else runs.push([day]);
  }
  const name = (day: number | undefined): string => DAYS[day ?? 0] ?? '';
  return runs
    .map((run) => (run.length === 1 ? name(run[0]) : `${name(run[0])}-${name(run.at(-1))}`))
    .join(',');
}

function clockText(minute: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

/** An IANA time zone such as `Europe/Berlin`. */
export function timeZone(raw: unknown): string {
  fits(raw, () => patternForm('[A-Za-z][A-Za-z0-9_+/-]*', 'An IANA time zone, such as Europe/Berlin.', 64));
  const name = text(raw, 64);
  // Offsets such as +01:00 are left out: they know no summer time, and Node 20 has none.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) throw new BadValue('must be an IANA time zone');
  if (isKnown(name)) return name;
  const near = nearest(name, Intl.supportedValuesOf('timeZone'));
  throw new BadValue(
    `is not an IANA time zone that this machine knows${near === undefined ? '' : `; did you mean ${near}?`}`,
  );
}

function isKnown(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The zone of this machine, from TZ or /etc/localtime; UTC where neither says. */
export function systemTimeZone(): string {
  const { timeZone: name } = new Intl.DateTimeFormat().resolvedOptions();
  return isKnown(name) ? name : 'UTC';
}

function inAnyCase(word: string): string {
  return word.replace(/./g, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`);
}
