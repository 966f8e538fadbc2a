import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { ErrorCode, Node, YAMLMap } from 'yaml';

/** Deepest nesting; the schema needs four levels. */
const MAX_DEPTH = 16;

/** The content of a configuration file as plain values, with the line of each. */
export interface Tree {
  /** undefined when the file is empty. */
  readonly root: unknown;
  /** The text is no YAML, so that `root` may lack anything: nothing more can be said about it. */
  readonly isBroken: boolean;
  /** Line of a path such as `conduits[2].ports`, or of the nearest level above it. */
  lineOf(path: string): number;
  readonly problems: readonly { readonly line: number; readonly path: string; readonly message: string }[];
}

/**
 * Reads YAML 1.2. Refused are, each with its line: what is no YAML, keys given twice, aliases (they can make a small
 * file enormous, and a value then stands elsewhere than where it is used) and tags.
 * The library's own messages quote the text, which may be a password, so they are replaced.
 */
export function readYaml(text: string): Tree {
  const lines = new Map<string, number>();
  const problems: { line: number; path: string; message: string }[] = [];
  const lineCounter = new LineCounter();
  const lineAt = (offset: number): number => Math.max(1, lineCounter.linePos(offset).line);

  /** Duplicates are found here because the library compares every key with every other one. */
  function mapping(node: YAMLMap, path: string, depth: number): Record<string, unknown> {
    const result = Object.create(null) as Record<string, unknown>;
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : undefined;
      const line = lineAt(startOf(key));
      if (name === undefined) {
        problems.push({ line, path, message: 'has a key that is no plain text' });
        continue;
      }
      const inner = path === '' ? name : `${path}.${name}`;
      if (name in result) problems.push({ line, path: inner, message: 'is given twice' });
      lines.set(inner, line);
      result[name] = plain(value, inner, depth + 1);
    }
    return result;
  }

  function plain(node: unknown, path: string, depth: number): unknown {
    if (!isNode(node)) return null;
    const line = lineAt(startOf(node));
    if (!lines.has(path)) lines.set(path, line);
    if (depth > MAX_DEPTH) {
      problems.push({ line, path, message: 'is nested too deeply' });
      return null;
    }
    if (isAlias(node)) {
      problems.push({ line, path, message: 'is a YAML alias (*name); write the value itself' });
      return null;
    }
    if (node.tag?.startsWith('!') === true) problems.push({ line, path, message: 'has a YAML tag (!name)' });
    if (isMap(node)) return mapping(node, path, depth);
    if (isSeq(node)) return node.items.map((item, index) => plain(item, `${path}[${index}]`, depth + 1));
    return isScalar(node) ? node.value : null;
  }

  let root: unknown;
  let isBroken: boolean;
  try {
    const document = parseDocument(text, {
      lineCounter,
      prettyErrors: false,
      uniqueKeys: false,
      // With 'silent' the library says nothing of a second document either.
      logLevel: 'error',
    });
    isBroken = document.errors.length > 0;
    for (const { code, pos } of [...document.errors, ...document.warnings]) {
      problems.push({ line: lineAt(pos[0]), path: '', message: sentenceOf(code) });
    }
    root = document.contents === null ? undefined : plain(document.contents, '', 0);
  } catch (error) {
    // Thousands of open brackets exhaust the parser's stack.
    if (!(error instanceof RangeError)) throw error;
    isBroken = true;
    problems.push({ line: 1, path: '', message: 'the file is nested too deeply' });
  }
  return { root, isBroken, problems, lineOf: (path) => lineOf(lines, path) };
}

function lineOf(lines: ReadonlyMap<string, number>, path: string): number {
  for (let at = path; at !== ''; at = levelAbove(at)) {
    const line = lines.get(at);
    if (line !== undefined) return line;
  }
  return lines.get('') ?? 1;
}

function levelAbove(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.'), path.lastIndexOf('[')));
}

function isNode(value: unknown): value is Node {
  return isAlias(value) || isMap(value) || isSeq(value) || isScalar(value);
}

function startOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

function sentenceOf(code: ErrorCode): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'the line is indented with a tab; use spaces';
    case 'MULTIPLE_DOCS':
      return 'a second YAML document begins here (---); only one is read';
    case 'BAD_SCALAR_START':
      return 'a value begins with a character that YAML reserves; put the value in quotes';
    case 'BAD_DQ_ESCAPE':
      return 'a value in double quotes has an unknown escape; use single quotes';
    case 'MISSING_CHAR':
      return 'a quote, bracket, comma or colon is missing';
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return 'a value holds ": " or a key lacks its line break; put the value in quotes';
    case 'BAD_INDENT':
      return 'the indentation does not fit the lines above, or a bracket is not closed';
    case 'TAG_RESOLVE_FAILED':
      return 'YAML tags (!name) are not supported';
    default:
      return `the text is not valid YAML (${code})`;
  }
}
