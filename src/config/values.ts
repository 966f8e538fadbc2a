import { z } from 'zod';
import { fits, orNumber, quantityForm, textForm, wholeNumberForm } from './form.js';
import type { Form } from './form.js';

/** Largest delay a Node timer can hold, in ms (2^31 - 1, almost 25 days); a longer one would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** PATH_MAX of Linux. */
export const MAX_PATH_CHARACTERS = 4_096;

/** Longest text value, in characters. Longer than any name, URL or token that makes sense here. */
const MAX_TEXT_CHARACTERS = 8_192;

/** What is wrong with a value: a sentence without subject (`must be …`) that never repeats the value itself. */
export class BadValue extends Error {}

/** A schema that turns what stands in the file (or in the environment, as text) into a value, or says what is wrong. */
export function parsed<T>(parse: (raw: unknown) => T): z.ZodType<T> {
  return z.unknown().transform((raw, context) => {
    try {
      return parse(raw);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });
}

/**
 * Text of one line without control characters or blanks around it.
 * @throws BadValue also for numbers and booleans: `0012` would lose its zeros, so they have to stand in quotes.
 */
export function text(raw: unknown, maxCharacters = MAX_TEXT_CHARACTERS): string {
  fits(raw, () => textForm(maxCharacters));
  if (raw === undefined || raw === null) throw new BadValue('is missing');
  if (typeof raw === 'number' || typeof raw === 'boolean') {
    throw new BadValue(`is read as a ${typeof raw}; put the value in quotes`);
  }
  if (typeof raw !== 'string') throw new BadValue(`must be text, not a ${kindOf(raw)}`);
  if (raw === '') throw new BadValue('is empty');
  if (raw.length > maxCharacters) throw new BadValue(`is longer than ${maxCharacters} characters`);
  if (/\p{Cc}/u.test(raw)) throw new BadValue('holds a control character or a line break');
  if (raw.trim() !== raw) throw new BadValue('begins or ends with a blank');
  return raw;
}

/** A whole number from `min` to `max`, also as text (the environment knows nothing else). */
export function wholeNumber(raw: unknown, min: number, max: number): number {
  fits(raw, () => wholeNumberForm(min, max));
  const range = `must be a whole number from ${min} to ${max}`;
  if (raw === undefined || raw === null) throw new BadValue('is missing');
  const value = typeof raw === 'string' && /^-?\d{1,15}$/.test(raw) ? Number(raw) : raw;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new BadValue(range);
  if (value < min || value > max) throw new BadValue(range);
  return value;
}

const DURATION_UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * A duration such as `500ms`, `30s`, `5m`, `2h` or `1d`, in ms.
 * @param zero whether `0` (without unit) is allowed, which means off.
 */
export function duration(raw: unknown, minMs: number, maxMs: number, zero: 'zero' | 'no zero'): number {
  fits(raw, () => durationForm(minMs, maxMs, zero));
  if (raw === undefined || raw === null) throw new BadValue('is missing');
  if (raw === 0 || raw === '0') {
    if (zero === 'zero') return 0;
    throw new BadValue('must not be 0');
  }
  if (typeof raw === 'number') throw new BadValue('needs a unit: ms, s, m, h or d');
  const match = typeof raw === 'string' ? /^(\d{1,15}) ?(ms|s|m|h|d)$/.exec(raw) : null;
  if (match === null) throw new BadValue('must be a duration: a whole number with ms, s, m, h or d');
  const valueMs = Number(match[1]) * DURATION_UNITS_MS[match[2] as keyof typeof DURATION_UNITS_MS];
  if (valueMs < minMs || valueMs > maxMs) {
    throw new BadValue(`must be from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`);
  }
  return valueMs;
}

function durationForm(minMs: number, maxMs: number, zero: 'zero' | 'no zero'): Form {
  const range = `from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  const message = `A whole number with ms, s, m, h or d, ${range}`;
  const form = quantityForm(minMs, maxMs, DURATION_UNITS_MS, `${message}${zero === 'zero' ? ', or 0' : ''}.`);
  return zero === 'zero' ? orZero(form) : form;
}

/** The same form, and `0` as well, as a number or as text. */
export function orZero(form: Form): Form {
  return { ...orNumber(form, 0, 0), pattern: `${String(form.pattern)}|^0$` };
}

const SIZE_UNITS_BYTES = { B: 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 } as const;

/** A size such as `64KiB`, `16MiB` or a plain number of bytes, in bytes. */
export function size(raw: unknown, minBytes: number, maxBytes: number): number {
  fits(raw, () => sizeForm(minBytes, maxBytes));
  if (raw === undefined || raw === null) throw new BadValue('is missing');
  const written = typeof raw === 'number' ? String(raw) : raw;
  const match = typeof written === 'string' ? /^(\d{1,15}) ?(B|KiB|MiB|GiB)?$/.exec(written) : null;
  if (match === null) throw new BadValue('must be a size: a whole number with B, KiB, MiB or GiB');
  const bytes = Number(match[1]) * SIZE_UNITS_BYTES[(match[2] ?? 'B') as keyof typeof SIZE_UNITS_BYTES];
  if (bytes < minBytes || bytes > maxBytes) {
    throw new BadValue(`must be from ${formatSize(minBytes)} to ${formatSize(maxBytes)}`);
  }
  return bytes;
}

function sizeForm(minBytes: number, maxBytes: number): Form {
  const message = `A whole number with B, KiB, MiB or GiB, from ${formatSize(minBytes)} to ${formatSize(maxBytes)}.`;
  const units = { '': 1, ...SIZE_UNITS_BYTES };
  return orNumber(quantityForm(minBytes, maxBytes, units, message), minBytes, maxBytes);
}

const BITS = 1 / 8;
const RATE_UNITS_BYTES = {
  'B/s': 1,
  'KiB/s': 1_024,
  'MiB/s': 1_048_576,
  'GiB/s': 1_073_741_824,
  'kbit/s': 1_000 * BITS,
  'Mbit/s': 1_000_000 * BITS,
  'Gbit/s': 1_000_000_000 * BITS,
} as const;

/** Slowest rate, in bytes a second: 64 kbit/s, at which one read of 16 KiB takes two seconds. */
const MIN_RATE = 8_000;
/** 100 Gbit/s. */
const MAX_RATE = 12_500_000_000;

/** A rate such as `2MiB/s` or `10Mbit/s`, in bytes a second; 0 (without unit) = off. */
export function rate(raw: unknown): number {
  fits(raw, rateForm);
  if (raw === undefined || raw === null) throw new BadValue('is missing');
  if (raw === 0 || raw === '0') return 0;
  if (typeof raw === 'number') throw new BadValue('needs a unit: KiB/s, MiB/s, kbit/s or Mbit/s');
  const match = typeof raw === 'string' ? /^(\d{1,12}) ?([KMG]iB\/s|[kMG]bit\/s|B\/s)$/.exec(raw) : null;
  if (match === null)
    throw new BadValue('must be a rate: a whole number with KiB/s, MiB/s, kbit/s or Mbit/s');
  const bytes = Number(match[1]) * RATE_UNITS_BYTES[match[2] as keyof typeof RATE_UNITS_BYTES];
  if (bytes < MIN_RATE || bytes > MAX_RATE) throw new BadValue('must be from 64kbit/s to 100Gbit/s');
  return bytes;
}

function rateForm(): Form {
  const message = 'A whole number with KiB/s, MiB/s, kbit/s or Mbit/s, or 0.';
  return orZero(quantityForm(MIN_RATE, MAX_RATE, RATE_UNITS_BYTES, message));
}

/** A rate the way it may be written: `2MiB/s`, `10Mbit/s`, `0`. */
export function formatRate(bytesPerSecond: number): string {
  if (bytesPerSecond === 0) return '0';
  const units = Object.entries(RATE_UNITS_BYTES).filter(([, factor]) => bytesPerSecond % factor === 0);
  const [unit, factor] = units.reduce((best, one) => (one[1] > best[1] ? one : best), ['B/s', 1]);
  return `${bytesPerSecond / factor}${unit}`;
}

/** One of a few words. */
export function oneOf<const T extends string>(raw: unknown, words: readonly T[]): T {
  fits(raw, () => ({ enum: words }));
  const found = words.find((word) => word === raw);
  if (found === undefined) throw new BadValue(`must be one of ${words.join(', ')}`);
  return found;
}

/** Yes or no; also as the text `true` or `false`, which is all that the environment knows. */
export function flag(raw: unknown): boolean {
  fits(raw, () => ({ enum: [true, false, 'true', 'false'] }));
  if (raw === true || raw === 'true') return true;
  if (raw === false || raw === 'false') return false;
  throw new BadValue('must be true or false');
}

/** A duration the way it may be written, in the largest unit that leaves a whole number: `90s`, `5m`, `0`. */
export function formatDuration(ms: number): string {
  return ms === 0 ? '0' : inLargestUnit(ms, DURATION_UNITS_MS);
}

/** A size the way it may be written: `64KiB`, `1500B`. */
export function formatSize(bytes: number): string {
  return inLargestUnit(bytes, SIZE_UNITS_BYTES);
}

function inLargestUnit(value: number, units: Readonly<Record<string, number>>): string {
  const whole = Object.entries(units).filter(([, factor]) => value % factor === 0);
  const [unit, factor] = whole.at(-1) ?? ['', 1];
  return `${value / factor}${unit}`;
}

/** `list`, `mapping`, or the name of the JavaScript type: for messages that must not repeat the value. */
export function kindOf(raw: unknown): string {
  if (Array.isArray(raw)) return 'list';
  return typeof raw === 'object' ? 'mapping' : typeof raw;
}
