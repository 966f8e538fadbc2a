import path from 'node:path';
import type { Config } from './config.js';
import { loginAs, openCredentials } from './credentials-file.js';
import type { StoredCredentials } from './credentials-file.js';
import { readYaml } from './document.js';
import type { Tree } from './document.js';
import { credentialFiles } from './credential-files.js';
import { FileMissing, readTextFile } from './file.js';
import type { TextFile } from './file.js';
import {
  SECRET_FILES,
  commandLineLayer,
  environmentLayer,
  fileLayer,
  merge,
  printable,
  unknownVariables,
} from './layers.js';
import type { Layer } from './layers.js';
import { availableMemory } from './memory.js';
import { normalForm } from './normal-form.js';
import { exposure, tampering } from './permissions.js';
import { ConfigError, problemText } from './problem.js';
import { ProxyRoute } from './proxy-route.js';
import type { Problem, Source } from './problem.js';
import { checkRules } from './rules.js';
import { addThinEdge } from './tedge-toml.js';
import { KEY_NAMES, specOf } from './schema.js';
import type { KeyName, Settings } from './schema.js';
import { readSecretFile } from './secret-file.js';
import { tryValue, validate } from './validation.js';
import type { Locate } from './validation.js';
import { BadValue, text } from './values.js';
import { VERIFICATION_SWITCH, verificationProblem } from './verification.js';

/** Largest configuration file, in bytes: ten thousand conduits. */
const MAX_FILE_BYTES = 1_048_576;

/** Looked for in the working directory, and then for the whole system. */
export const DEFAULT_FILE = 'gatehouse.yaml';
export const SYSTEM_FILE = '/etc/gatehouse/gatehouse.yaml';

/** Default of state.directory for the system's configuration, and beside any other. */
export const SYSTEM_STATE_DIRECTORY = '/var/lib/gatehouse';
export const LOCAL_STATE_DIRECTORY = '.gatehouse';

/** The agent's share of the memory that there is; the rest is for the kernel's socket buffers and for neighbours. */
const MEMORY_SHARE = 0.6;

export interface LoadOptions {
  /** From the command line; without it the default files are looked for. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values from the command line by full key, such as `{ 'log.level': 'debug' }`; undefined = not given. */
  readonly overrides?: Readonly<Record<string, unknown>>;
  readonly cwd: string;
  /** Whether log lines go to a terminal; decides the default of `log.format`. Default false. */
  readonly isTerminal?: boolean;
  /**
   * Log in as this one, whatever the configuration says: `register` does it with the bootstrap credentials. Then
   * cloud.credentialsFile has to be given and its file need not exist.
   */
  readonly loginAs?: StoredCredentials | undefined;
  /** Default SYSTEM_FILE; tests name one that does not exist. */
  readonly systemFile?: string;
  /** Wall clock, in ms since 1970. Default Date.now. */
  readonly now?: () => number;
}

/** Where each value came from. */
export type Sources = Readonly<Record<KeyName, Source>>;

/** Absolute paths of the files that secrets were read from, by the key that they stand for. */
export type SecretFiles = Readonly<Partial<Record<KeyName, string>>>;

export interface LoadedConfig {
  readonly config: Config;
  readonly sources: Sources;
  /** Where the proxy is set, also when NO_PROXY keeps `cloud.url` from it, which is what `sources` says then. */
  readonly proxySource: Source;
  readonly secretFiles: SecretFiles;
  /** Absolute path of plant.caFile, whose content the configuration has. */
  readonly plantCaFile: string | undefined;
  /** One sentence each, with its place; not fatal. */
  readonly warnings: readonly string[];
  /** The file that was read, as it was named; undefined when everything came from elsewhere. */
  readonly file: string | undefined;
}

/**
 * Reads and validates the whole configuration. Precedence: command line, environment, file, tedge.toml (with intake
 * thin-edge), default.
 * @throws ConfigError with all problems at once.
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const { env } = options;
  const { found, locate, entries, given, folder, folderOf, secretFiles, values, problems, isBroken } =
    readValues(options);
  // What it lacks would only hide why.
  if (isBroken) throw new ConfigError(inOrder(problems));
  const warnings: string[] = [...unknownVariables(env)];
  const nowhere: Source =
    found === undefined ? { kind: 'default' } : { kind: 'file', file: found.file, line: 1 };
  // A secret whose file could not be read has its problem; the rules must not call it missing.
  const known: Layer = new Map(
    [...given].map((name) => [name, entries.get(name) ?? { raw: null, source: nowhere }]),
  );
  const troubled = new Set(problems.map(({ key }) => key));
  const nowMs = (options.now ?? Date.now)();
  const isRegistering = options.loginAs !== undefined;
  const findings = checkRules({ values, entries: known, locate, nowhere, troubled, nowMs, isRegistering });
  problems.push(...findings.problems, ...environmentProblems(env));
  warnings.push(...findings.warnings.map((warning) => problemText({ ...warning, example: undefined })));
  if (problems.length > 0) throw new ConfigError(inOrder(problems));

  const isFromEnvironment = sourceOf(entries, 'cloud.proxy').kind === 'environment';
  const route = new ProxyRoute({ proxy: values['cloud.proxy'], isFromEnvironment, env });
  const config = normalForm(values as Settings, {
    isTerminal: options.isTerminal ?? false,
    route,
    credentialFiles: credentialFiles(entries, folderOf),
    stateDirectory:
      found?.file === SYSTEM_FILE ? SYSTEM_STATE_DIRECTORY : path.resolve(folder, LOCAL_STATE_DIRECTORY),
    memoryBytes: Math.floor(MEMORY_SHARE * availableMemory()),
    conduitSource: (index, key) => {
      const path = `conduits[${index}]${key === undefined ? '' : `.${key}`}`;
      return placeOf(locate(sourceOf(entries, 'conduits'), path));
    },
  });
  return {
    config,
    sources: sourcesOf(entries, route.bypasses(config.cloud.url)),
    proxySource: sourceOf(entries, 'cloud.proxy'),
    secretFiles,
    plantCaFile: pathOf(entries, 'plant.caFile'),
    warnings,
    file: found?.file,
  };
}

/**
 * Where the running agent listens for commands, whatever else is wrong with the configuration: after a reload that was
 * refused the agent still runs, and has to be asked. Undefined when that cannot be told.
 * @throws ConfigError when there is no file to read.
 */
export function loadAdmin(options: LoadOptions): Config['admin'] | undefined {
  const { values, problems, isBroken } = readValues(options);
  // Of a file that is not even YAML nothing can be told: then environment and defaults are what is left.
  const isWrong = problems.some(({ key }) => key.startsWith('admin.') || (key === '' && !isBroken));
  const { 'admin.listen': listen, 'admin.token': token } = values;
  return isWrong || listen === undefined ? undefined : { listen, token };
}

interface ReadValues {
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
function readValues(options: LoadOptions): ReadValues {
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

interface FoundFile extends TextFile {
  readonly file: string;
}

/** The file that was named, else the first default one there is; none is fine when the environment has something. */
function findFile(
  { file, cwd, systemFile = SYSTEM_FILE }: LoadOptions,
  mayLack: boolean,
): FoundFile | undefined {
  const candidates = file === undefined ? [DEFAULT_FILE, systemFile] : [file];
  for (const candidate of candidates) {
    try {
      return { file: candidate, ...readTextFile(path.resolve(cwd, candidate), MAX_FILE_BYTES) };
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      if (error instanceof FileMissing && file === undefined) continue;
      const next = '; `gatehouse init` makes one, and `gatehouse demo` needs none';
      const sentence = `${error.message}${error instanceof FileMissing ? next : ''}`;
      throw new ConfigError([fileProblem(candidate, sentence)]);
    }
  }
  if (mayLack) return undefined;
  throw new ConfigError([noFile(candidates, cwd)]);
}

function fileProblem(file: string, sentence: string): Problem {
  const message = `the configuration file ${sentence}`;
  return { source: { kind: 'file', file, line: 0 }, key: '', message, example: undefined };
}

function noFile(candidates: readonly string[], cwd: string): Problem {
  const message = [
    `no configuration: neither ${candidates.map((file) => path.resolve(cwd, file)).join(' nor ')} exists.`,
    'Make one with `gatehouse init`, name one with --config FILE, or try `gatehouse demo`, which needs none.',
    'The smallest one that works:',
    ...[
      'cloud:',
      '  url: https://acme.example.com',
      '  user: device_gw-7',
      '  passwordFile: /etc/gatehouse/password',
    ],
    ...[
      'device:',
      '  externalId: "gw-7"',
      'conduits:',
      '  - name: packaging-hmis',
      '    host: 10.0.5.0/24',
      '    ports: [5900]',
    ],
  ].join('\n');
  return { source: { kind: 'default' }, key: '', message, example: undefined };
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

function environmentProblems(env: LoadOptions['env']): Problem[] {
  const message = verificationProblem(env, 'cloud.caFile');
  if (message === undefined) return [];
  return [
    { source: { kind: 'environment', name: VERIFICATION_SWITCH }, key: '', message, example: undefined },
  ];
}

function sourcesOf(entries: Layer, isProxyBypassed: boolean): Sources {
  const sources = KEY_NAMES.map((name) => [name, sourceOf(entries, name)]);
  const result = Object.fromEntries(sources) as Record<KeyName, Source>;
  if (isProxyBypassed && entries.has('cloud.proxy')) {
    result['cloud.proxy'] = { kind: 'environment', name: 'NO_PROXY' };
  }
  return result;
}

function pathOf(entries: Layer, name: KeyName): string | undefined {
  const raw = entries.get(name)?.raw;
  return typeof raw === 'string' ? raw : undefined;
}

function sourceOf(entries: Layer, name: KeyName): Source {
  return entries.get(name)?.source ?? { kind: 'default' };
}

function placeOf(source: Source): { file: string; line: number } {
  return source.kind === 'file' ? { file: source.file, line: source.line } : { file: source.kind, line: 0 };
}

/** Those of the file by line, the others behind them. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const lineOf = ({ source }: Problem): number => (source.kind === 'file' ? source.line : Infinity);
  return [...problems].sort((a, b) => (lineOf(a) === lineOf(b) ? 0 : lineOf(a) - lineOf(b)));
}
