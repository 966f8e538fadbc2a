import path from 'node:path';
import { loginAs, openCredentials } from './credentials-file.js';
import { readYaml } from './document.js';
import type { Tree } from './document.js';
import { fileProblem, findFile } from './find-file.js';
import type { FoundFile } from './find-file.js';
import { SECRET_FILES, commandLineLayer, environmentLayer, fileLayer, merge, printable } from './layers.js';
import type { Layer } from './layers.js';
import type { LoadOptions, SecretFiles } from './load.js';
import { exposure, tampering } from './permissions.js';
import type { Problem, Source } from './problem.js';
import { KEY_NAMES, specOf } from './schema.js';
import type { KeyName } from './schema.js';
import { readSecretFile } from './secret-file.js';
import { addThinEdge } from './tedge-toml.js';
import { tryValue, validate } from './validation.js';
import type { Locate } from './validation.js';
import { text } from './values.js';

/** All that a configuration says, key by key. */
export interface ReadValues {
  readonly found: FoundFile | undefined;
  readonly locate: Locate;
  readonly entries: Layer;
  /** Keys that were given, before secrets were read from their files. */
  readonly given: ReadonlySet<string>;
  /** Of the configuration file. */
  readonly folder: string;
  readonly folderOf: (source: Source) => string;
  readonly secretFiles: SecretFiles;
  /** Each by itself; those that are wrong are missing. */
  readonly values: ReturnType<typeof validate>;
  readonly problems: Problem[];
  /** The file is not even YAML; then `problems` says why, and nothing is read from it. */
  readonly isBroken: boolean;
}

/** The value of every key. @throws ConfigError when there is nothing to read. */
export function readValues(options: LoadOptions): ReadValues {
  const { env, cwd } = options;
  const problems: Problem[] = [];
  const environment = environmentLayer(env);
  const found = findFile(options, environment.size > 0);
  const tree = found === undefined ? undefined : readYaml(found.text);
  const locate = locator(found?.file, tree);

  for (const { line, path: key, message } of tree?.problems ?? []) {
    problems.push({
      source: { kind: 'file', file: found?.file ?? '', line },
      key,
      message,
      example: undefined,
    });
  }
  const isBroken = tree?.isBroken === true;
  const layers = [
    tree === undefined || isBroken ? new Map() : fileLayer(tree, found?.file ?? '', problems),
    environment,
    commandLineLayer(options.overrides ?? {}, problems),
  ];
  const entries = merge(layers, problems);
  const folder = found === undefined ? cwd : path.dirname(path.resolve(cwd, found.file));
  if (found !== undefined) problems.push(...openFile(found, path.resolve(cwd, found.file), entries));
  const folderOf = (source: Source): string => (source.kind === 'file' ? folder : cwd);
  resolvePaths(entries, folderOf);
  addThinEdge(entries, problems);
  const given = new Set(entries.keys());
  if (options.loginAs !== undefined) loginAs(entries, options.loginAs);
  const secretFiles = readSecrets(entries, folderOf, problems);
  if (options.loginAs === undefined) openCredentials(entries, problems);

  const values = validate(entries, locate, problems);
  return { found, locate, entries, given, folder, folderOf, secretFiles, values, problems, isBroken };
}

function locator(file: string | undefined, tree: Tree | undefined): Locate {
  return (source, key) => {
    if (source.kind !== 'file' || source.file !== file || tree === undefined) return source;
    return { kind: 'file', file, line: tree.lineOf(key) };
  };
}

/** Turns paths into absolute ones, from the folder of whatever names them. */
function resolvePaths(entries: Layer, folderOf: (source: Source) => string): void {
  for (const name of KEY_NAMES) {
    const entry = entries.get(name);
    if (specOf(name).isPath && typeof entry?.raw === 'string' && entry.raw !== 'off') {
      entries.set(name, { ...entry, raw: path.resolve(folderOf(entry.source), entry.raw) });
    }
  }
}

/** Turns `<key>File` into the secret it holds. Gives the files that were read. */
function readSecrets(entries: Layer, folderOf: (source: Source) => string, problems: Problem[]): SecretFiles {
  const files: Partial<Record<KeyName, string>> = {};
  for (const [fileKey, key] of SECRET_FILES) {
    const entry = entries.get(fileKey);
    if (entry === undefined) continue;
    const { raw, source } = entry;
    const place = tryValue(() => path.resolve(folderOf(source), text(raw)));
    const result = 'message' in place ? place : tryValue(() => readSecretFile(place.value));
    if ('message' in result) {
      const named = 'value' in place ? `"${printable(place.value)}" ` : '';
      const message = `${named}${result.message}`;
      problems.push({ source, key: fileKey, message, example: '/etc/gatehouse/secret' });
      continue;
    }
    if ('value' in place) files[key] = place.value;
    entries.set(key, { raw: result.value, source });
  }
  return files;
}

/** A secret inside a configuration file to which others have access; or a file in which others may permit something. */
function openFile({ file, permissions }: FoundFile, place: string, entries: Layer): Problem[] {
  const changeable = tampering(place, permissions);
  if (changeable !== undefined) return [fileProblem(file, `is one that ${changeable}`)];
  const exposed = exposure(place, permissions);
  if (exposed === undefined) return [];
  return [...SECRET_FILES].flatMap(([fileKey, key]) => {
    const source = entries.get(key)?.source;
    if (source?.kind !== 'file') return [];
    const message = `stands in a file that ${exposed}, or use ${fileKey}`;
    return [{ source, key, message, example: undefined }];
  });
}
