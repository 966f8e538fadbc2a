import { parseArgs } from 'node:util';

export interface RunnerArguments {
  /** Ids of rows (`D07`), or letters of families (`D`); undefined = all. */
  readonly only: readonly string[] | undefined;
  /** Only rows of the fast tier. */
  readonly fast: boolean;
  /** Runs of each row. Default 1. */
  readonly repeat: number;
  /** Only say what is in the catalogue. */
  readonly list: boolean;
  /** File for the results. */
  readonly json: string | undefined;
  /** Rows at a time. Default 2: each row is a cloud and an agent. */
  readonly jobs: number;
  /** Module that exports CATALOGUE, instead of the real one: for tests of the runner. */
  readonly catalogue: string | undefined;
}

export const USAGE = `npm run faults [-- options]

  --only IDS      rows or whole families, with commas: D07,E15,B
  --fast          only the rows of the fast tier
  --repeat N      each row so many times; it survives only if it survives all of them
  --jobs N        rows at a time (default 2)
  --list          say what is in the catalogue and run nothing
  --json FILE     write the results there
`;

/** @throws Error with one sentence when the arguments are wrong. */
export function parseArguments(args: readonly string[]): RunnerArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      fast: { type: 'boolean', default: false },
      repeat: { type: 'string', default: '1' },
      list: { type: 'boolean', default: false },
      json: { type: 'string' },
      jobs: { type: 'string', default: '2' },
      catalogue: { type: 'string' },
    },
  });
  return {
    only: values.only?.split(',').map((id) => id.trim().toUpperCase()),
    fast: values.fast,
    repeat: count('--repeat', values.repeat, 1_000),
    list: values.list,
    json: values.json,
    jobs: count('--jobs', values.jobs, 16),
    catalogue: values.catalogue,
  };
}

function count(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new Error(`${name} takes a whole number from 1 to ${most}, not "${text}".`);
}
