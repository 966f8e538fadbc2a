import { quote } from './quote.js';

/** Deepest nesting of a document from the cloud. Operations and Bayeux messages need six. */
export const MAX_JSON_DEPTH = 64;

/** Most members of one object. Real operations have a score; 20 000 is far above and still cheap to look at. */
export const MAX_JSON_MEMBERS = 20_000;

/** Bounds of a document; the size is the caller's, the others have a default. */
export interface JsonLimits {
  readonly maxBytes: number;
  /** Default MAX_JSON_DEPTH. */
  readonly maxDepth?: number;
  /** Default MAX_JSON_MEMBERS. */
  readonly maxMembers?: number;
}

/** A document that is refused. The message says why in a few words and quotes at most one member name. */
export class JsonError extends Error {
  /** Set when all that is wrong is a member that stands twice. */
  readonly duplicate: DuplicateMember | undefined;

  constructor(message: string, duplicate?: DuplicateMember) {
    super(message);
    this.name = 'JsonError';
    this.duplicate = duplicate;
  }
}

export interface DuplicateMember {
  /** Names of the members that lead to it, outermost first, its own name last. */
  readonly path: readonly string[];
  /** The document as JSON.parse reads it, where the last one wins: good for finding out whom to answer. */
  readonly value: unknown;
}

/**
 * The value of one JSON document (RFC 8259) that has no byte-order mark, no member twice in one object, valid UTF-8 and
 * bounded size, depth and width. Two parsers that read duplicates differently are a way around a check, so they are
 * refused. A member called `__proto__` becomes an own property, as JSON.parse does it.
 *
 * @throws JsonError. It never carries the parser's own message: that one quotes the text, secrets included.
 */
export function parseJson(document: string | Uint8Array, limits: JsonLimits): unknown {
  const bytes = typeof document === 'string' ? Buffer.byteLength(document) : document.byteLength;
  if (bytes > limits.maxBytes) throw new JsonError(`has ${bytes} bytes, more than ${limits.maxBytes}`);
  const text = textOf(document);
  if (text.startsWith('\uFEFF')) throw new JsonError('starts with a byte-order mark');
  const duplicate = scan(text, limits.maxDepth ?? MAX_JSON_DEPTH, limits.maxMembers ?? MAX_JSON_MEMBERS);
  const value = valueOf(text);
  if (duplicate === undefined) return value;
  throw new JsonError(`has the member ${quote(duplicate.at(-1) ?? '')} twice`, { path: duplicate, value });
}

function textOf(document: string | Uint8Array): string {
  try {
    if (typeof document !== 'string') {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(document);
    }
  } catch {
    throw new JsonError('is not valid UTF-8');
  }
  if (!document.isWellFormed()) throw new JsonError('holds half of a surrogate pair');
  return document;
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new JsonError(text.trim() === '' ? 'is empty' : 'is not JSON');
  }
}

/** An open object or list. */
interface Frame {
  /** Names seen; undefined for a list. */
  readonly members: Set<string> | undefined;
  /** The member being read. */
  name: string;
}

/**
 * The path of the first member that stands twice. Looks only at brackets and strings, which is enough for a text that
 * JSON.parse accepts; for any other text the result does not matter.
 *
 * @throws JsonError when the text is too deep or an object too wide.
 */
function scan(text: string, maxDepth: number, maxMembers: number): string[] | undefined {
  const frames: Frame[] = [];
  let duplicate: string[] | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{' || character === '[') {
      if (frames.length === maxDepth) throw new JsonError(`is nested deeper than ${maxDepth}`);
      frames.push({ members: character === '{' ? new Set() : undefined, name: '' });
    } else if (character === '}' || character === ']') {
      frames.pop();
    } else if (character === '"') {
      const end = endOfString(text, at);
      const frame = frames.at(-1);
      if (frame?.members !== undefined && isMemberName(text, end)) {
        frame.name = nameOf(text.slice(at, end));
        if (frame.members.has(frame.name)) duplicate ??= pathOf(frames);
        frame.members.add(frame.name);
        if (frame.members.size > maxMembers) {
          throw new JsonError(`has an object of more than ${maxMembers} members`);
        }
      }
      at = end - 1;
    }
  }
  return duplicate;
}

/** The index behind the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** In valid JSON exactly the member names are followed by a colon. */
function isMemberName(text: string, end: number): boolean {
  let at = end;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\r' || text[at] === '\n') at++;
  return text[at] === ':';
}

/** `"a\u0062"` and `"ab"` are the same name. */
function nameOf(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  return String(valueOf(literal));
}

function pathOf(frames: readonly Frame[]): string[] {
  return frames.filter(({ members }) => members !== undefined).map(({ name }) => name);
}
