import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';

/** What the command line asks for. */
export interface MicroArguments {
  /** Benches whose name contains one of these run; all of them when there is none. */
  readonly words: readonly string[];
  /** The words are whole names. */
  readonly exact: boolean;
  /** Measuring time of each bench, in ms. */
  readonly timeMs: number;
  /** File for the result as JSON; `-` is standard output, which then has nothing else. */
  readonly json: string | undefined;
  readonly store: boolean;
  readonly list: boolean;
  /** The commit to compare the work tree with. */
  readonly compare: string | undefined;
  /** Rounds of a comparison; each runs both sides once. */
  readonly rounds: number;
}

/** Bad input, in a sentence for the user; the exit code is 2. */
export class UsageError extends Error {}

/** Default measuring time of each bench, in ms: some 5,000 samples. */
export const TIME_MS = 300;

/** The same for one round of a comparison, which has several. */
export const ROUND_TIME_MS = 100;

/** Fewest rounds of a comparison: with less, ranges that do not overlap say little. */
export const MIN_ROUNDS = 5;

/** Default rounds; even, so that each side goes first as often as the other. */
const ROUNDS = 6;
const MAX_ROUNDS = 100;
const MAX_TIME_MS = 60_000;

const EXAMPLES = `
Examples:
  npm run bench                               all benches; the result is stored in bench/results/micro
  npm run bench -- mask uplink                those whose name contains "mask" or "uplink"
  npm run bench -- --list                     the names
  npm run bench -- --time 1000 --json out.json policy
  npm run bench -- --compare main             the work tree against main, all benches
  npm run bench -- --compare HEAD~3 mask      … those whose name contains "mask"`;

interface Options {
  readonly time?: number;
  readonly json?: string;
  readonly store: boolean;
  readonly list?: true;
  readonly exact?: true;
  readonly compare?: string;
  readonly rounds?: number;
}

/**
 * Reads the words behind the program's name. Undefined when help was asked for, which is then printed.
 * @throws UsageError
 */
export function readArguments(words: readonly string[]): MicroArguments | undefined {
  const command = program();
  try {
    command.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new UsageError(error.message.replace(/^error: /, ''));
  }
  const options = command.opts<Options>();
  checkTogether(options);
  const isComparison = options.compare !== undefined;
  return {
    words: command.args,
    exact: options.exact === true,
    timeMs: options.time ?? (isComparison ? ROUND_TIME_MS : TIME_MS),
    json: options.json,
    store: options.store,
    list: options.list === true,
    compare: options.compare,
    rounds: options.rounds ?? ROUNDS,
  };
}

function program(): Command {
  return new Command('npm run bench --')
    .description('Measures the parts of the agent on their own.')
    .argument('[words...]', 'run the benches whose name contains one of the words, in any case')
    .option(
      '--time <ms>',
      `measuring time of each bench (default: ${TIME_MS}; ${ROUND_TIME_MS} with --compare)`,
      wholeNumber(1, MAX_TIME_MS),
    )
    .option('--json <file>', 'write the result there as well; - is standard output', jsonFile)
    .option('--no-store', 'keep no result in bench/results/micro')
    .option('--list', 'print the names and run nothing')
    .option('--exact', 'the words are whole names')
    .option('--compare <ref>', 'build that commit beside the work tree, and run both in turns')
    .option(
      '--rounds <n>',
      `rounds of a comparison (default: ${ROUNDS})`,
      wholeNumber(MIN_ROUNDS, MAX_ROUNDS),
    )
    .addHelpText('after', EXAMPLES)
    .configureOutput({ writeErr: () => undefined })
    .exitOverride();
}

function checkTogether({ compare, list, rounds }: Options): void {
  if (rounds !== undefined && compare === undefined) throw new UsageError('--rounds needs --compare REF.');
  if (list === true && compare !== undefined) throw new UsageError('--list does not go with --compare.');
}

function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= from && value <= to) return value;
    throw new InvalidArgumentError(`It has to be a whole number from ${from} to ${to}.`);
  };
}

/** The folder is looked at now: minutes of measuring are not to end in a missing folder. */
function jsonFile(file: string): string {
  try {
    if (file !== '-') accessSync(path.dirname(path.resolve(file)), constants.W_OK);
    return file;
  } catch {
    throw new InvalidArgumentError('Its folder does not exist or cannot be written.');
  }
}
