import { JsonError, parseJson, type JsonLimits } from './json-document.js';
import { property } from './json-value.js';

/**
 * A document inside a reply, not read yet: it is parsed by itself, so that one that is refused takes nothing else of
 * the reply with it.
 */
export class RawDocument {
  /** `bytes` are one JSON value by its brackets and quotes; nothing else of them has been looked at. */
  constructor(readonly bytes: Uint8Array) {}
}

/** Most documents in one reply. A page has 500 operations; more than these are no reply of an honest server. */
const MAX_DOCUMENTS = 10_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/**
 * A JSON object, strictly read (parseJson), but for its member `name`: that one becomes a RawDocument.
 * @throws JsonError
 */
export function objectAround(document: Uint8Array, name: string, limits: JsonLimits): unknown {
  return around(document, name, limits, ({ start, end }) => [{ start, end }]);
}

/**
 * A JSON object, strictly read (parseJson), but for the elements of its list `name`: those become RawDocuments.
 * @throws JsonError
 */
export function objectAroundList(document: Uint8Array, name: string, limits: JsonLimits): unknown {
  return around(document, name, limits, (value) => elementsOf(document, value));
}

/** The elements of a JSON list as RawDocuments; undefined when `document` is no list. @throws JsonError */
export function listOf(document: Uint8Array, limits: JsonLimits): readonly RawDocument[] | undefined {
  const found = elementsOf(document, { start: 0, end: document.length });
  // What is between the elements has to be JSON too.
  const frame = parseJson(without(document, found), limits);
  return Array.isArray(frame) ? found.map((span) => rawOf(document, span)) : undefined;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function around(
  document: Uint8Array,
  name: string,
  limits: JsonLimits,
  spansOf: (value: Span) => readonly Span[],
): unknown {
  const member = memberOf(document, name);
  const found = member === undefined ? [] : spansOf(member);
  const frame = parseJson(without(document, found), limits);
  if (typeof frame !== 'object' || frame === null || found.length === 0) return frame;
  const raw = found.map((span) => rawOf(document, span));
  return { ...frame, [name]: Array.isArray(property(frame, name)) ? raw : raw[0] };
}

function rawOf(document: Uint8Array, { start, end }: Span): RawDocument {
  return new RawDocument(document.subarray(start, end));
}

/** The document with `0` in the place of each span. */
function without(document: Uint8Array, spans: readonly Span[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { start, end } of spans) {
    pieces.push(document.subarray(at, start), Buffer.from('0'));
    at = end;
  }
  return Buffer.concat([...pieces, document.subarray(at)]);
}

/** Where the value of a member of the outermost object is; the last one, as JSON.parse has it. */
function memberOf(document: Uint8Array, name: string): Span | undefined {
  let found: Span | undefined;
  for (const span of partsOf(document, { start: 0, end: document.length }, '{')) {
    const colon = colonOf(document, span);
    if (colon === undefined) continue;
    const key = trimmed(document, { start: span.start, end: colon });
    if (Buffer.from(document.subarray(key.start, key.end)).equals(Buffer.from(`"${name}"`))) {
      found = trimmed(document, { start: colon + 1, end: span.end });
    }
  }
  return found;
}

function elementsOf(document: Uint8Array, list: Span): Span[] {
  const found: Span[] = [];
  for (const part of partsOf(document, list, '[')) {
    if (found.length === MAX_DOCUMENTS) throw new JsonError(`has a list of more than ${MAX_DOCUMENTS}`);
    if (part.start < part.end) found.push(part);
  }
  return found;
}

/** The parts between the commas of an object or list that opens with `bracket`, without the blanks around them. */
function* partsOf(document: Uint8Array, within: Span, bracket: '{' | '['): Generator<Span> {
  const { start, end } = trimmed(document, within);
  if (document[start] !== bracket.charCodeAt(0)) return;
  let depth = 0;
  let from = start + 1;
  for (let at = start; at < end; at += 1) {
    const byte = document[at];
    if (byte === QUOTE) at = endOfString(document, at) - 1;
    else if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if (byte === 0x7d || byte === 0x5d) depth -= 1;
    if (depth > 0 && !(depth === 1 && byte === COMMA)) continue;
    yield trimmed(document, { start: from, end: Math.min(at, end) });
    if (depth === 0) return;
    from = at + 1;
  }
}

function colonOf(document: Uint8Array, { start, end }: Span): number | undefined {
  if (document[start] !== QUOTE) return undefined;
  let at = endOfString(document, start);
  while (at < end && isBlank(document[at])) at += 1;
  return document[at] === COLON && at < end ? at : undefined;
}

/** The index behind the closing quote of the string that opens at `start`. */
function endOfString(document: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < document.length && document[at] !== QUOTE) at += document[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

function trimmed(document: Uint8Array, span: Span): Span {
  let { start, end } = span;
  while (start < end && isBlank(document[start])) start += 1;
  while (end > start && isBlank(document[end - 1])) end -= 1;
  return { start, end };
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
