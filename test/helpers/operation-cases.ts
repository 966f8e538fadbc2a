import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The data files, seen from dist/test/helpers. Their format is described in the README beside them. */
const FOLDER = fileURLToPath(new URL('../../../test/data/hostile/operations/', import.meta.url));

const FRAGMENT = 'c8y_RemoteAccessConnect';

/** One operation document, or MQTT message with several, and what has to become of it. */
export interface OperationCase {
  readonly group: string;
  readonly name: string;
  /** The parsed document, for cases that are valid JSON whatever way they come; undefined when only text shows it. */
  readonly value: Record<string, unknown> | undefined;
  /** The bytes of the MQTT message; undefined for the few cases that are too large for one. */
  readonly message: Buffer | undefined;
  /** One for each document of the message. */
  readonly expects: readonly Expectation[];
}

export interface Expectation {
  readonly kind: 'connect' | 'refused' | 'ignored';
  readonly id?: string;
  readonly deviceId?: string;
  readonly hostname?: string;
  readonly port?: number;
  readonly createdAt?: number | null;
  readonly policy?: 'open' | 'named' | 'never';
  readonly fields?: readonly string[];
}

type Members = Record<string, unknown>;
type Text = string | { readonly repeat: string; readonly times: number };

interface Written {
  readonly name: string;
  readonly expect: Expectation | readonly Expectation[];
  readonly via?: 'text' | 'value';
  readonly fields?: Members;
  readonly fragment?: Members;
  readonly without?: readonly string[];
  readonly extraMembers?: { readonly in: 'document' | 'fragment'; readonly count: number };
  readonly text?: Text | readonly Text[];
  readonly base64?: string;
}

/** The operation that all cases start from. */
export function exampleOperation(): Members {
  return JSON.parse(readFileSync(`${FOLDER}example.json`, 'utf8')) as Members;
}

/** Every case of every group. */
export function operationCases(): OperationCase[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json') && file !== 'example.json')
    .sort()
    .flatMap((file) => {
      const text = readFileSync(FOLDER + file, 'utf8');
      const { group, cases } = JSON.parse(text) as { group: string; cases: Written[] };
      return cases.map((written) => operationCase(group, written));
    });
}

function operationCase(group: string, written: Written): OperationCase {
  const expects = Array.isArray(written.expect) ? (written.expect as Expectation[]) : [written.expect];
  const common = { group, name: written.name, expects: expects as readonly Expectation[] };
  if (written.base64 !== undefined) {
    return { ...common, value: undefined, message: Buffer.from(written.base64, 'base64') };
  }
  if (written.text !== undefined) {
    const parts = Array.isArray(written.text) ? (written.text as Text[]) : [written.text as Text];
    return { ...common, value: undefined, message: Buffer.from(parts.map(spelledOut).join('')) };
  }
  const value = changed(exampleOperation(), written);
  return {
    ...common,
    value: written.via === 'text' ? undefined : value,
    message: written.via === 'value' ? undefined : message(value),
  };
}

function changed(example: Members, written: Written): Members {
  const extra = Object.fromEntries(
    Array.from({ length: written.extraMembers?.count ?? 0 }, (_, i) => [`_${i.toString(36)}`, 0]),
  );
  const isInFragment = written.extraMembers?.in === 'fragment';
  const fragment: Members = {
    ...(example[FRAGMENT] as Members),
    ...(isInFragment ? extra : {}),
    ...spelledOutMembers(written.fragment),
  };
  const document: Members = {
    ...example,
    ...(isInFragment ? {} : extra),
    [FRAGMENT]: fragment,
    ...spelledOutMembers(written.fields),
  };
  const isMissing = (name: string) => written.without?.includes(name) === true;
  const kept = Object.entries(fragment).filter(([name]) => !isMissing(`${FRAGMENT}.${name}`));
  const all =
    document[FRAGMENT] === fragment ? { ...document, [FRAGMENT]: Object.fromEntries(kept) } : document;
  return Object.fromEntries(Object.entries(all).filter(([name]) => !isMissing(name)));
}

function spelledOutMembers(members: Members = {}): Members {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name, isRepeat(value) ? spelledOut(value) : value]),
  );
}

function isRepeat(value: unknown): value is { repeat: string; times: number } {
  return typeof value === 'object' && value !== null && 'repeat' in value && 'times' in value;
}

function spelledOut(text: Text): string {
  return typeof text === 'string' ? text : text.repeat.repeat(text.times);
}

/** Over MQTT a document above 1 MiB is dropped for its size alone, which says nothing about its fields. */
function message(value: Members): Buffer | undefined {
  const bytes = Buffer.from(JSON.stringify(value));
  return bytes.length <= 1_048_576 ? bytes : undefined;
}
