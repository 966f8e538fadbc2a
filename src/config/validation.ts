import type { z } from 'zod';
import { CHILD_KEYS, CONDUIT_KEYS } from './conduit-schema.js';
import type { KeySpec } from './key.js';
import { printable, unknownKey } from './layers.js';
import type { Entry, Layer } from './layers.js';
import type { Problem, Source } from './problem.js';
import { KEY_NAMES, specOf } from './schema.js';
import type { KeyName, Settings } from './schema.js';
import { withoutUserinfo } from './urls.js';
import { BadValue, parsed } from './values.js';

/** Gives the line of a path inside a value that came from the file; for other sources the source as it is. */
export type Locate = (source: Source, path: string) => Source;

/** Runs every key through its schema. Keys with a problem, and unset keys without a default, are left out. */
export function validate(entries: Layer, locate: Locate, problems: Problem[]): Partial<Settings> {
  const values: Partial<Record<KeyName, unknown>> = {};
  for (const name of KEY_NAMES) {
    const spec = specOf(name);
    const entry = entries.get(name);
    const raw = entry === undefined ? spec.default : entry.raw;
    if (raw !== undefined) {
      const result = spec.schema.safeParse(raw);
      if (result.success) values[name] = result.data;
      else if (entry !== undefined) problems.push(...problemsOf(name, spec, entry, result.error, locate));
    }
  }
  return values as Partial<Settings>;
}

function problemsOf(
  name: KeyName,
  spec: KeySpec,
  { raw, source }: Entry,
  error: z.ZodError,
  locate: Locate,
): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    const key = issue.path.reduce<string>(
      (path, part) => (typeof part === 'number' ? `${path}[${part}]` : `${path}.${printable(String(part))}`),
      name,
    );
    const inner = innerKeys(name);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((unknown) => {
        const path = `${key}.${unknown}`;
        const message = unknownKey(unknown, Object.keys(inner));
        return { source: locate(source, path), key: printable(path), message, example: undefined };
      });
    }
    const field = issue.path.find((part) => typeof part === 'string');
    const example = (field === undefined ? undefined : inner[field]?.example) ?? spec.example;
    const shown = spec.isSecret || spec.isPrivate ? '' : shownValue(valueAt(raw, issue.path));
    return [{ source: locate(source, key), key, message: `${shown}${issue.message}`, example }];
  });
}

function innerKeys(name: KeyName): Readonly<Record<string, KeySpec>> {
  if (name === 'conduits') return CONDUIT_KEYS;
  return name === 'device.children' ? CHILD_KEYS : {};
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined),
    raw,
  );
}

/** A scalar as it was written, short, without control characters and without user and password of a URL. */
function shownValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return `${value} `;
  if (typeof value !== 'string') return '';
  const shown = printable(withoutUserinfo(value));
  return `"${shown.length > 60 ? `${shown.slice(0, 60)}…` : shown}" `;
}

/** The schema of a file path that is read at once, so that its failure is a problem of that key like any other. */
export function tryValue<T>(read: () => T): { readonly value: T } | { readonly message: string } {
  const result = parsed(read).safeParse(undefined);
  if (result.success) return { value: result.data };
  return { message: result.error.issues[0]?.message ?? new BadValue('is invalid').message };
}
