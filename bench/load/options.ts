import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { expectedOpenFiles } from './open-files.js';
import { PROFILE_NAMES, PROFILES, type ProfileName } from './profiles.js';

/** What the sessions do, and for how long. */
export interface LoadOptions {
  readonly sessions: number;
  readonly profile: ProfileName;
  readonly minutes: number;
  /** Sessions begun a second; 0 = all at once. */
  readonly ramp: number;
  readonly seed: number;
  /** Folder of the report. */
  readonly out: string;
}

/** Everything on this machine: agent, cloud and targets are started here. */
export interface LocalOptions extends LoadOptions {
  readonly mode: 'local';
  readonly tls: boolean;
  /** Of the agent; undefined = its default. */
  readonly workers: number | undefined;
}

/** Through somebody's tenant to a gateway of theirs. */
export interface RemoteOptions extends LoadOptions {
  readonly mode: 'remote';
  readonly url: string;
  readonly device: string;
  readonly remoteAccess: string;
  readonly caFile: string | undefined;
  /** Do not ask. */
  readonly yes: boolean;
}

/** The target end alone, for a remote run. */
export interface ServeOptions {
  readonly mode: 'serve';
  readonly host: string;
  readonly port: number;
}

export type Options = LocalOptions | RemoteOptions | ServeOptions;

/** The options, or why there are none: `help` was asked for, or a sentence about what is wrong with them. */
export type ParsedOptions =
  | { readonly kind: 'options'; readonly options: Options }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly sentence: string };

/** As commander gives them. */
interface Flags {
  readonly sessions: number;
  readonly profile: ProfileName;
  readonly minutes: number;
  readonly ramp: number;
  readonly seed: number;
  readonly out: string;
  readonly tls?: boolean;
  readonly workers?: number;
  readonly target?: string;
  readonly device?: string;
  readonly remoteAccess?: string;
  readonly ca?: string;
  readonly yes?: boolean;
  readonly serve?: { readonly host: string; readonly port: number };
}

const MAX_SESSIONS = 50_000;
const MAX_MINUTES = 24 * 60;
const MAX_RAMP = 100_000;
const MAX_WORKERS = 256;
const MAX_SEED = 2 ** 31;

/** Reads the command line. Never throws and writes nothing. */
export function parseOptions(argv: readonly string[]): ParsedOptions {
  let text = '';
  const command = createCommand((more) => (text += more));
  try {
    command.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'help', text };
    return { kind: 'wrong', sentence: error.message.replace(/^error: /, '') };
  }
  const options = optionsOf(command.opts<Flags & Record<string, unknown>>());
  return typeof options === 'string' ? { kind: 'wrong', sentence: options } : { kind: 'options', options };
}

function createCommand(write: (text: string) => void): Command {
  return new Command('npm run bench:load --')
    .description('Loads the whole agent: operations in, sessions through the workers, statuses out.')
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => undefined })
    .option('--sessions <n>', 'sessions at a time', whole(1, MAX_SESSIONS), 10)
    .addOption(
      new Option('--profile <name>', 'what the sessions do').choices(PROFILE_NAMES).default('plc' as const),
    )
    .option('--minutes <m>', 'length of the run, ramp included', minutes, 1)
    .option('--ramp <n>', 'sessions begun a second; 0 = all at once', whole(0, MAX_RAMP), 200)
    .option('--tls', 'cloud and tunnels over TLS')
    .option('--workers <k>', "the agent's worker threads", whole(1, MAX_WORKERS))
    .option('--seed <n>', 'another seed gives other sizes and pauses', whole(0, MAX_SEED), 1)
    .option('--out <folder>', 'where the report goes', 'bench-report')
    .option('--target <url>', 'load a gateway of yours through this tenant instead of one started here')
    .option('--device <id>', 'with --target: external id, managed-object id or name')
    .option('--remote-access <id>', 'with --target: id or name of a PASSTHROUGH endpoint of the device')
    .option('--ca <file>', 'with --target: further roots to trust (PEM)')
    .option('--yes', 'with --target: do not ask before the first byte')
    .option('--serve <host:port>', 'be the target that such an endpoint leads to, until Ctrl-C', hostPort)
    .addHelpText('after', HELP);
}

const HELP = `
Profiles:
${PROFILE_NAMES.map((name) => `  ${name.padEnd(6)}${PROFILES[name].summary}`).join('\n')}

Examples:
  npm run bench:load -- --sessions 100 --profile plc --minutes 1
  npm run bench:load -- --sessions 8 --profile bulk --minutes 0.2 --workers 1
  npm run bench:load -- --sessions 10000 --profile idle --minutes 3 --tls
  npm run bench:load -- --serve 0.0.0.0:7007
  C8Y_USER=me C8Y_PASSWORD=… npm run bench:load -- --target https://acme.cumulocity.com \\
    --device gw-7 --remote-access load --sessions 5 --profile vnc

Exit codes: 0 every byte was right and every session ended by plan; 1 not so; 2 wrong usage.`;

/** The options in their mode, or what does not go together. */
function optionsOf(flags: Flags): Options | string {
  const { serve, target, device, remoteAccess, tls, workers } = flags;
  if (serve !== undefined) return { mode: 'serve', ...serve };
  const { sessions, profile, minutes, ramp, seed, out } = flags;
  const load = { sessions, profile, minutes, ramp, seed, out };
  const rampS = ramp === 0 ? 0 : sessions / ramp;
  if (rampS >= minutes * 60) {
    return `--ramp ${ramp} needs ${Math.ceil(rampS)} s for ${sessions} sessions, which is all of --minutes ${minutes}; ramp faster or run longer.`;
  }
  if (target === undefined) {
    if (device !== undefined || remoteAccess !== undefined)
      return '--device and --remote-access go with --target.';
    return { mode: 'local', ...load, tls: tls === true, workers };
  }
  if (!URL.canParse(target))
    return `--target must be a URL such as https://acme.cumulocity.com, not "${target}".`;
  if (device === undefined || remoteAccess === undefined)
    return '--target needs --device and --remote-access.';
  if (tls === true || workers !== undefined) {
    return '--tls and --workers belong to a gateway that is started here; --target brings its own.';
  }
  const yes = flags.yes === true;
  return { mode: 'remote', ...load, url: target, device, remoteAccess, caFile: flags.ca, yes };
}

/** Why this process may not open as many files as the run needs; undefined when it may. */
export function openFilesProblem(
  options: LocalOptions | RemoteOptions,
  limit: number | undefined,
): string | undefined {
  const needed = expectedOpenFiles(options);
  if (limit === undefined || limit >= needed) return undefined;
  return `${options.sessions} sessions need ${needed} open files in one process and ${limit} are permitted: run "ulimit -n ${needed}" first.`;
}

function whole(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`);
  };
}

function minutes(text: string): number {
  const value = Number(text);
  if (/^\d*\.?\d+$/.test(text) && value > 0 && value <= MAX_MINUTES) return value;
  throw new InvalidArgumentError(`It must be a number of minutes above 0, at most ${MAX_MINUTES}.`);
}

function hostPort(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new InvalidArgumentError('It must be host:port, for example 0.0.0.0:7007.');
}
