/** Longest quotation of a value in a message, in characters. 64 leave room for three of them in a failureReason. */
export const MAX_QUOTE = 64;

/**
 * `value` between double quotes, safe to print: at most 64 characters, all of them printable ASCII. Everything else
 * is written as `\u{202e}`, so that no control, look-alike or right-to-left character reaches a terminal or a log.
 */
export function quote(value: string): string {
  let quoted = '';
  for (const character of value.slice(0, MAX_QUOTE)) {
    const next = /^[ !#-[\]-~]$/.test(character) ? character : escaped(character);
    if (quoted.length + next.length > MAX_QUOTE - 5) return `"${quoted}..."`;
    quoted += next;
  }
  return value.length > MAX_QUOTE ? `"${quoted}..."` : `"${quoted}"`;
}

function escaped(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** What kind of JSON value `value` is, for a sentence: `a number`, `null`, `a list` … */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return 'a text';
  return typeof value === 'boolean' ? String(value) : 'a number';
}
