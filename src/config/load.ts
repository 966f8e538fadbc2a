import path from 'node:path';
import type { Config } from './config.js';
import type { StoredCredentials } from './credentials-file.js';
import { credentialFiles } from './credential-files.js';
import { SYSTEM_FILE } from './find-file.js';
import { unknownVariables } from './layers.js';
import type { Layer } from './layers.js';
import { availableMemory } from './memory.js';
import { normalForm } from './normal-form.js';
import { ConfigError, problemText } from './problem.js';
import { ProxyRoute } from './proxy-route.js';
import type { Problem, Source } from './problem.js';
import { checkRules } from './rules.js';
import { KEY_NAMES } from './schema.js';
import type { KeyName, Settings } from './schema.js';
import { readValues } from './read-values.js';
import { VERIFICATION_SWITCH, verificationProblem } from './verification.js';

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
