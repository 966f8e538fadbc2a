import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { numberBetween } from '../traffic/arguments.js';
import { INSTALLED_PEERS } from './installed-peers.js';
import { OWN_PEERS } from './own-peers.js';
import type { Peer } from './peer.js';
import { WORKLOADS, type Workload } from './workload.js';

/** All peers there are, in the order of the tables. */
export const PEERS: readonly Peer[] = [...OWN_PEERS, ...INSTALLED_PEERS];

/** bench/results/peers, seen from dist/bench/peers. */
const RESULTS = fileURLToPath(new URL('../../../bench/results/peers/', import.meta.url));

/** What the command line asks for. */
export interface PeersArguments {
  readonly rounds: number;
  readonly modes: readonly Workload[];
  readonly sessions: number;
  readonly seconds: number;
  readonly tls: boolean;
  /** Undefined: all. */
  readonly only: readonly string[] | undefined;
  readonly baseline: string;
  readonly sutCores: number;
  readonly namespace: boolean;
  /** Wait for a quiet machine before each run, and repeat what was disturbed. */
  readonly quiet: boolean;
  readonly out: string;
}

interface Flags extends Omit<PeersArguments, 'tls' | 'baseline'> {
  readonly tls?: true;
  readonly baseline?: string;
}

/** The command line of the bench. */
export function peersCommand(): Command {
  return new Command('bench:peers')
    .description(
      'The same work through Gatehouse and through its peers, interleaved, with ratios. Linux only.',
    )
    .option('--rounds <count>', 'runs of every peer at every mode', numberBetween(1, 100), 5)
    .option('--modes <list>', `some of ${WORKLOADS.join(',')}`, listOf(WORKLOADS), [
      'up',
      'down',
      'both',
      'echo',
      'churn',
    ])
    .option('--sessions <count>', 'sessions at the same time', numberBetween(1, 10_000), 8)
    .option('--seconds <seconds>', 'length of a run', numberBetween(0.2, 600, false), 3)
    .option('--tls', 'wss:// to the cloud; peers without TLS are left out')
    .option('--only <list>', 'only these peers', listOf(PEERS.map(({ name }) => name)))
    .option('--baseline <peer>', 'the peer that ratios refer to (default: the first)')
    .option(
      '--sut-cores <count>',
      'cores for the peer; the generator has one of its own',
      numberBetween(1, 64),
      1,
    )
    .option('--no-namespace', "stay in the machine's own network namespace")
    .option('--no-quiet', 'measure at once: no wait for a quiet machine, no second try of a disturbed run')
    .option('--out <folder>', 'where the results go', (folder) => path.resolve(folder), RESULTS)
    .allowExcessArguments(false)
    .addHelpText('after', help());
}

/** What the flags ask for. @throws Error with a sentence when they do not go together. */
export function peersArguments(command: Command): PeersArguments {
  const flags = command.opts<Flags>();
  const baseline = flags.baseline ?? flags.only?.[0] ?? 'gatehouse';
  const names = flags.only ?? PEERS.map(({ name }) => name);
  if (!names.includes(baseline))
    throw new Error(`--baseline ${baseline} is none of the peers ${names.join(', ')}.`);
  return { ...flags, tls: flags.tls === true, baseline };
}

function help(): string {
  return `
Examples:
  npm run bench:peers                                           everything, some 25 minutes
  npm run bench:peers -- --rounds 3 --modes up,down             the byte path, 3 minutes
  npm run bench:peers -- --only gatehouse,ws-pipe --tls         two of them, with TLS
  npm run bench:peers -- --only ws-pipe,gatehouse --modes echo  ratios to the ws pipe

Peers:
${PEERS.map(({ name, about }) => `  ${name.padEnd(20)}${about}`).join('\n')}

Results are for one machine and one sitting: read the ratios.`;
}

/** Words with commas between them, each of which has to be known. */
function listOf<T extends string>(known: readonly T[]): (text: string) => readonly T[] {
  return (text) => {
    const words = text.split(',').map((word) => word.trim());
    const wrong = words.find((word) => !known.some((name) => name === word));
    if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is none of ${known.join(', ')}.`);
    return known.filter((name) => words.includes(name)).sort((a, b) => words.indexOf(a) - words.indexOf(b));
  };
}
