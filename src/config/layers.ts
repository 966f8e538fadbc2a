import type { Tree } from './document.js';
import type { Problem, Source } from './problem.js';
import { KEY_NAMES, specOf } from './schema.js';
import type { KeyName } from './schema.js';
import { nearest } from './suggestion.js';

/** What stands somewhere for a key, not yet validated. */
export interface Entry {
  readonly raw: unknown;
  readonly source: Source;
}

/** Entries by name: the names of KEYS, and `<key>File` of every secret. */
export type Layer = Map<string, Entry>;

/** `cloud.passwordFile` and the like, with the key each stands for. */
export const SECRET_FILES: ReadonlyMap<string, KeyName> = new Map(
  KEY_NAMES.filter((name) => specOf(name).isSecret).map((name) => [`${name}File`, name]),
);

const NAMES: readonly string[] = [...KEY_NAMES, ...SECRET_FILES.keys()];
const SECTIONS = new Set(NAMES.filter((name) => name.includes('.')).map((name) => name.split('.')[0] ?? ''));

/** What the file gives. Keys without a value (`limits:` with everything commented out) count as not given. */
export function fileLayer(tree: Tree, file: string, problems: Problem[]): Layer {
  const layer: Layer = new Map();
  const at = (path: string): Source => ({ kind: 'file', file, line: tree.lineOf(path) });
  const complain = (path: string, message: string): void => {
    problems.push({ source: at(path), key: path, message, example: undefined });
  };
  if (tree.root === undefined || tree.root === null) return layer;
  if (!isMapping(tree.root)) {
    complain('', 'the file must hold keys and values, such as `cloud:`');
    return layer;
  }
  for (const [section, content] of Object.entries(tree.root)) {
    if (NAMES.includes(section)) {
      if (content !== null) layer.set(section, { raw: content, source: at(section) });
    } else if (!SECTIONS.has(section)) {
      complain(printable(section), unknownKey(section, [...SECTIONS, 'conduits']));
    } else if (isMapping(content)) {
      for (const [name, raw] of Object.entries(content)) {
        const path = `${section}.${name}`;
        if (!NAMES.includes(path)) complain(printable(path), unknownKey(name, namesIn(section), section));
        else if (raw !== null) layer.set(path, { raw, source: at(path) });
      }
    } else if (content !== null) {
      complain(section, 'must be a mapping of keys and values');
    }
  }
  return layer;
}

/** What the environment gives; an empty variable counts as not set. */
export function environmentLayer(env: Readonly<Record<string, string | undefined>>): Layer {
  const layer: Layer = new Map();
  for (const key of KEY_NAMES) {
    const name = specOf(key).environment?.find((variable) => (env[variable] ?? '') !== '');
    if (name !== undefined) layer.set(key, { raw: env[name], source: { kind: 'environment', name } });
  }
  return layer;
}

/** What the command line gives, by full name of the key. */
export function commandLineLayer(overrides: Readonly<Record<string, unknown>>, problems: Problem[]): Layer {
  const layer: Layer = new Map();
  const source: Source = { kind: 'command line' };
  for (const [key, raw] of Object.entries(overrides)) {
    if (raw === undefined) continue;
    if (NAMES.includes(key)) layer.set(key, { raw, source });
    else problems.push({ source, key: printable(key), message: unknownKey(key, NAMES), example: undefined });
  }
  return layer;
}

/**
 * Later layers win. A secret and its `<key>File` are one value in two forms: giving one form replaces both below it,
 * giving both in one layer is a problem.
 */
export function merge(layers: readonly Layer[], problems: Problem[]): Layer {
  const merged: Layer = new Map();
  for (const layer of layers) {
    for (const [fileKey, key] of SECRET_FILES) {
      const file = layer.get(fileKey);
      if (file !== undefined && layer.has(key)) {
        problems.push({
          source: file.source,
          key: fileKey,
          message: `and ${key} are both set; keep one`,
          example: undefined,
        });
      }
      if (file !== undefined || layer.has(key)) {
        merged.delete(fileKey);
        merged.delete(key);
      }
    }
    for (const [name, entry] of layer) merged.set(name, entry);
  }
  return merged;
}

/**
 * The sentence for an unknown key: the nearest sibling, else where a key of that name does belong.
 * @param section the section it stands in; empty at the top.
 */
export function unknownKey(name: string, siblings: readonly string[], section = ''): string {
  const near = nearest(name, siblings);
  if (near !== undefined)
    return `is an unknown key; did you mean ${section === '' ? near : `${section}.${near}`}?`;
  const elsewhere = NAMES.filter((full) => full.endsWith(`.${name}`));
  if (elsewhere.length > 0) return `is an unknown key here; did you mean ${elsewhere.join(' or ')}?`;
  return `is an unknown key; known here: ${siblings.join(', ')}`;
}

/** Variables that look like ours but are none; they may be a typing error, or belong to something else. */
export function unknownVariables(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const known = KEY_NAMES.flatMap((key) => specOf(key).environment ?? []);
  return Object.keys(env)
    .filter((name) => name.startsWith('GATEHOUSE_') && !known.includes(name))
    .slice(0, 10)
    .map((name) => {
      const near = nearest(name, known);
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      return `environment variable ${printable(name)} is not known and was ignored${hint}`;
    });
}

/** A key as somebody wrote it, fit for a terminal. */
export function printable(name: string): string {
  return name.replace(/\p{C}/gu, '?').slice(0, 100);
}

function namesIn(section: string): string[] {
  return NAMES.filter((name) => name.startsWith(`${section}.`)).map((name) => name.slice(section.length + 1));
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
