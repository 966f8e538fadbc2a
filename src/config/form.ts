/**
 * What may be written for a value, as JSON Schema (draft 2020-12). Keywords of a type say nothing about values of other
 * types, so that one flat schema serves for values with several spellings (`5`, `"5"`): editors then give one message.
 */
export type Form = Readonly<Record<string, unknown>>;

/** Handed to a parser in the place of a value, it asks what would fit there. */
const WHAT_FITS: unique symbol = Symbol('what fits here');

/** A parser's answer to WHAT_FITS. */
class Fits extends Error {
  constructor(readonly form: Form) {
    super('a parser was asked what fits');
  }
}

/**
 * The first line of a parser: answers when it is asked what fits, and does nothing for a value. So the schema of the
 * configuration is told by the same functions, with the same patterns and ranges, that read it.
 * @throws Fits
 */
export function fits(raw: unknown, form: () => Form): void {
  if (raw === WHAT_FITS) throw new Fits(form());
}

/** What fits into a parser; undefined when it does not know the question. */
export function formOf(parse: (raw: unknown) => unknown): Form | undefined {
  try {
    parse(WHAT_FITS);
  } catch (error) {
    if (error instanceof Fits) return error.form;
  }
  return undefined;
}

/** Control characters, spelt so that it means the same with and without the flag `u`. */
const CONTROL = '\\u0000-\\u001f\\u007f-\\u009f';

/** Text of one line without blanks around it. */
export function textForm(maxCharacters: number): Form {
  return {
    type: 'string',
    maxLength: maxCharacters,
    pattern: `^[^\\s${CONTROL}](?:[^${CONTROL}]*[^\\s${CONTROL}])?$`,
    patternErrorMessage: 'Text of one line, without blanks at its ends.',
  };
}

/** Text that matches `pattern` as a whole. */
export function patternForm(pattern: string, message: string, maxCharacters?: number): Form {
  const length = maxCharacters === undefined ? {} : { maxLength: maxCharacters };
  return { type: 'string', ...length, pattern: `^(?:${pattern})$`, patternErrorMessage: message };
}

/** A whole number, also as text. */
export function wholeNumberForm(min: number, max: number): Form {
  return {
    ...patternForm(wholeNumberPattern(min, max), `A whole number from ${min} to ${max}.`),
    type: ['integer', 'string'],
    minimum: min,
    maximum: max,
  };
}

/**
 * A whole number with a unit, such as `30s` or `64KiB`.
 * @param units factor of each unit in the base unit of min and max; the unit '' is a number without one.
 */
export function quantityForm(
  min: number,
  max: number,
  units: Readonly<Record<string, number>>,
  message: string,
): Form {
  const ways = Object.entries(units).flatMap(([unit, factor]) => {
    const [from, to] = [Math.ceil(min / factor), Math.floor(max / factor)];
    return from > to ? [] : [`${wholeNumberPattern(from, to)}${unit === '' ? '' : ` ?${unit}`}`];
  });
  return patternForm(ways.join('|'), message);
}

/** The same form, and a number from `min` to `max` as well. */
export function orNumber(form: Form, min: number, max: number): Form {
  return { ...form, type: [...typesOf(form), 'integer'], minimum: min, maximum: max };
}

/** The same form, and null as well: a key without a value counts as not given. */
export function orNull(form: Form): Form {
  if (Array.isArray(form.enum)) return { ...form, enum: [...(form.enum as unknown[]), null] };
  if (Array.isArray(form.anyOf)) return { ...form, anyOf: [...(form.anyOf as unknown[]), { type: 'null' }] };
  if (form.type === undefined) return form;
  return { ...form, type: [...typesOf(form), 'null'] };
}

/** Matches every whole number from `min` to `max` and no other; both from 0 to 2^53. Zeros may stand in front. */
export function wholeNumberPattern(min: number, max: number): string {
  const ways: string[] = [];
  for (let from = min; from <= max;) {
    // The largest block of numbers that begins here and differs in its last digits only.
    let block = 1;
    while (from !== 0 && from % (block * 10) === 0 && from + block * 10 - 1 <= max) block *= 10;
    const digit = Math.floor(from / block) % 10;
    const last = Math.min(9, digit + Math.floor((max - from + 1) / block) - 1);
    const head = Math.floor(from / (block * 10));
    const free = Math.round(Math.log10(block));
    const rest = ['', '\\d'][free] ?? `\\d{${free}}`;
    ways.push(`${head === 0 ? '' : head}${digitPattern(digit, last)}${rest}`);
    from += (last - digit + 1) * block;
  }
  return `0*(?:${ways.join('|')})`;
}

function digitPattern(from: number, to: number): string {
  return from === to ? String(from) : `[${from}-${to}]`;
}

function typesOf({ type }: Form): readonly unknown[] {
  return Array.isArray(type) ? (type as unknown[]) : [type];
}
