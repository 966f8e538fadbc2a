import { parseArgs } from 'node:util';

export interface SoakOptions {
  readonly minutes: number;
  /** Open at the same time. */
  readonly sessions: number;
  readonly isolation: 'thread' | 'process';
  /** Decides sizes, faults and pauses; the same seed makes the same plans. */
  readonly seed: string;
  /** Add a line to the ledger. */
  readonly record: boolean;
}

export const USAGE = `npm run soak -- --minutes N [--sessions N] [--isolation thread|process] [--seed TEXT] [--record]

One agent, an embedded cloud and targets for N minutes: sessions come and go, with faults, and every byte is held against
its own stream. Ends by itself; exit code 0 when all was well.

  --minutes N     how long, from 0.1 (default 10)
  --sessions N    at the same time, 1 to 5,000 (default 40)
  --isolation X   where sessions run (default process: worker processes can be killed from outside, threads cannot)
  --seed TEXT     decides sizes, faults and pauses (default: the time)
  --record        add the result to test/soak/ledger.jsonl
`;

/** @throws Error with one sentence about what is wrong. */
export function parseOptions(argv: readonly string[], now: Date): SoakOptions | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string', default: '10' },
      sessions: { type: 'string', default: '40' },
      isolation: { type: 'string', default: 'process' },
      seed: { type: 'string', default: now.toISOString() },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const { isolation, seed, record } = values;
  if (isolation !== 'thread' && isolation !== 'process') throw new Error('--isolation is thread or process.');
  return {
    minutes: numberIn('--minutes', values.minutes, 0.1, 10_080),
    sessions: Math.floor(numberIn('--sessions', values.sessions, 1, 5_000)),
    isolation,
    seed,
    record,
  };
}

function numberIn(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!(value >= least && value <= most)) throw new Error(`${flag} is a number from ${least} to ${most}.`);
  return value;
}
