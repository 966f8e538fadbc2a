const RESET = '\u001b[0m';
const DIM = '\u001b[2m';

/** Colours of the levels: grey, cyan, green, yellow, red, and red as background. */
const LEVEL_COLOURS: Readonly<Record<string, string>> = {
  trace: '\u001b[90m',
  debug: '\u001b[36m',
  info: '\u001b[32m',
  warn: '\u001b[33m',
  error: '\u001b[31m',
  fatal: '\u001b[41m',
};

/** Longest value shown of one field, in characters; the JSON format has the rest. */
const MAX_VALUE_CHARACTERS = 500;

/**
 * One readable line from one line of JSON: `12:00:00.123 INFO  session closed  sessionId=s-1 uplinkBytes=12`. Fields
 * may hold text from the network, so control characters, which a terminal would obey, are escaped.
 */
export function prettyLine(json: string, isColoured: boolean): string {
  const fields = parsed(json);
  if (fields === undefined) return json;
  const { level, time, msg, err, ...rest } = fields;
  const paint = (colour: string | undefined, text: string): string =>
    isColoured && colour !== undefined ? `${colour}${text}${RESET}` : text;
  const name = typeof level === 'string' ? level : '?';
  const clock = typeof time === 'string' ? time.slice(11, 23) : '';
  const cause = errorText(err);
  const pairs = Object.entries(rest).map(([key, value]) => `${plain(key)}=${valueText(value)}`);
  const parts = [
    paint(DIM, clock),
    paint(LEVEL_COLOURS[name], name.toUpperCase().padEnd(5)),
    `${typeof msg === 'string' ? plain(msg) : ''}${cause === '' ? '' : `: ${cause}`}`,
    ...(pairs.length === 0 ? [] : [paint(DIM, ` ${pairs.join(' ')}`)]),
  ];
  return `${parts.join(' ')}\n`;
}

function parsed(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return '';
  return plain(String(error.message));
}

function valueText(value: unknown): string {
  const text = typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  return plain(text.length > MAX_VALUE_CHARACTERS ? `${text.slice(0, MAX_VALUE_CHARACTERS)}…` : text);
}

/** Control and format characters (line breaks, escape sequences, reversed text) as `\u{…}`. */
function plain(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u{${character.charCodeAt(0).toString(16)}}`,
  );
}
