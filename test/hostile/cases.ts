import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The data files, seen from dist/test/hostile. Their format is described in the README beside them. */
export const FOLDER = fileURLToPath(new URL('../../../test/data/hostile/', import.meta.url));

/** Text or bytes as they stand in a data file. A list is joined. */
export type Written =
  | string
  | { readonly repeat: string; readonly times: number }
  | { readonly hex: string; readonly times?: number }
  | { readonly base64: string }
  | { readonly json: unknown }
  | readonly Written[];

/** What every case has. */
export interface Case {
  /** Unique in its file: a few words that say what is hostile. */
  readonly id: string;
  /** Why the answer is what it is, where that is not plain. */
  readonly note?: string;
}

/** One file: the cases of one surface. */
export interface Surface<C extends Case> {
  readonly surface: string;
  readonly about: string;
  readonly cases: readonly C[];
}

/** The file `name`.json. The shape of its cases is taken on trust: a wrong one fails its own test. */
export function surface<C extends Case>(name: string): Surface<C> {
  return JSON.parse(readFileSync(path.join(FOLDER, `${name}.json`), 'utf8')) as Surface<C>;
}

/** Names of all such files. */
export function surfaceNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.replace(/\.json$/, ''))
    .sort();
}

/** The bytes that are meant; `fill` replaces `{name}` in texts. */
export function bytesOf(written: Written, fill: Readonly<Record<string, string>> = {}): Buffer {
  if (typeof written === 'string') return Buffer.from(filled(written, fill));
  if (isList(written)) return Buffer.concat(written.map((part) => bytesOf(part, fill)));
  if ('repeat' in written) return Buffer.from(filled(written.repeat, fill).repeat(written.times));
  if ('hex' in written) return Buffer.from(written.hex.repeat(written.times ?? 1), 'hex');
  if ('base64' in written) return Buffer.from(written.base64, 'base64');
  return Buffer.from(filled(JSON.stringify(written.json), fill));
}

/** The same as text. */
export function textOf(written: Written, fill: Readonly<Record<string, string>> = {}): string {
  return bytesOf(written, fill).toString('utf8');
}

function filled(text: string, fill: Readonly<Record<string, string>>): string {
  return Object.entries(fill).reduce((result, [name, value]) => result.replaceAll(`{${name}}`, value), text);
}

function isList(written: Written): written is readonly Written[] {
  return Array.isArray(written);
}
