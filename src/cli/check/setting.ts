import { sourceText } from '../../config/problem.js';
import type { Source } from '../../config/problem.js';
import { specOf } from '../../config/schema.js';
import type { KeyName } from '../../config/schema.js';
import type { LoadedConfig } from '../../config/load.js';
import type { Fix } from './fault.js';

/** Where the configuration came from, so that a fix can name the line to change. */
export type Origin = Pick<LoadedConfig, 'sources' | 'file' | 'proxySource' | 'secretFiles' | 'plantCaFile'>;

/**
 * The line that sets `name` to `value`, and where it belongs: in place of the line that sets it now, else into its
 * section of the file, else into the environment.
 *
 * @param why what it is good for, a few words.
 * @param value as YAML; never a secret.
 */
export function setting(origin: Origin, name: KeyName | `${KeyName}File`, value: string, why: string): Fix {
  const key = (name in origin.sources ? name : name.replace(/File$/, '')) as KeyName;
  // With NO_PROXY the sources say why there is none, and not where it is.
  const source = key === 'cloud.proxy' ? origin.proxySource : origin.sources[key];
  if (source.kind === 'environment')
    return { what: `${why}: set this in the agent's environment`, paste: [`${source.name}=${value}`] };
  if (origin.file === undefined) {
    const [variable] = specOf(key).environment ?? [];
    if (variable !== undefined)
      return { what: `${why}: set this in the agent's environment`, paste: [`${variable}=${value}`] };
  }
  return {
    what: `${why}: ${placeOf(source, key, origin)}`,
    paste: linesOf(name, value, source, key, origin),
  };
}

function placeOf(source: Source, key: KeyName, origin: Origin): string {
  if (source.kind === 'file') return `this is ${sourceText(source)}`;
  const file = origin.file ?? 'gatehouse.yaml';
  const [section] = key.split('.');
  return hasSection(key, origin) ? `add this below \`${section ?? ''}:\` in ${file}` : `add this to ${file}`;
}

/** As it stands in the file: indented below its section, which is only written where it is not there yet. */
function linesOf(name: string, value: string, source: Source, key: KeyName, origin: Origin): string[] {
  const [section = '', leaf = ''] = name.split('.');
  const line = `  ${leaf}: ${value}`;
  return source.kind === 'file' || hasSection(key, origin) ? [line] : [`${section}:`, line];
}

function hasSection(key: KeyName, { sources }: Origin): boolean {
  const prefix = `${key.split('.')[0] ?? ''}.`;
  return Object.entries(sources).some(([name, { kind }]) => name.startsWith(prefix) && kind === 'file');
}

/**
 * The right `content` for the file that holds the secret of `key`; undefined when that stands elsewhere.
 *
 * @param content what is to be filled in stands in CAPITALS.
 */
export function secretFileFix(origin: Origin, key: KeyName, content: string, why: string): Fix | undefined {
  const file = origin.secretFiles[key];
  return file === undefined
    ? undefined
    : { what: `${why}: this is the content of ${file}`, paste: [content] };
}

/** One command. */
export function command(what: string, ...lines: readonly string[]): Fix {
  return { what, paste: lines };
}

/** A word of a command line, quoted for a shell where it needs it. */
export function word(text: string): string {
  return /^[\w./@:+,=%-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
