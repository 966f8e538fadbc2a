import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CommanderError } from 'commander';
import { peersArguments, peersCommand, PEERS, type PeersArguments } from './arguments.js';
import { bench, type Contender, type Progress } from './bench.js';
import { Children } from './children.js';
import { allowedCores } from './linux/machine.js';
import { isInside, namespaceCommand, runInside } from './linux/namespace.js';
import { rows } from './outcome.js';
import { which } from './programs.js';
import { saveReport, thisMachine, type Report } from './report/report.js';
import { textTable } from './report/text.js';
import type { Cores } from './run.js';

/*
 * `npm run bench:peers`: who needs how much for the same work. `--help` says what can be asked for.
 */
const EXIT = { failed: 1, usage: 2, interrupted: 130 } as const;

const given = readArguments();
process.exitCode = await enter(given).catch((error: unknown) => {
  console.error(`bench:peers: ${error instanceof Error ? error.message : String(error)}`);
  return EXIT.failed;
});

function readArguments(): PeersArguments {
  try {
    return peersArguments(peersCommand().exitOverride().parse());
  } catch (error) {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : EXIT.usage);
    console.error(error instanceof Error ? error.message : String(error));
    return process.exit(EXIT.usage);
  }
}

/** Goes into a namespace where that is possible, and measures there. */
async function enter(wanted: PeersArguments): Promise<number> {
  if (process.platform !== 'linux') {
    throw new Error('it reads /proc to tell the processor time of processes, so it runs on Linux only');
  }
  const command = wanted.namespace && !isInside() ? namespaceCommand() : undefined;
  if (command !== undefined) return runInside(command);
  if (!isInside()) console.log("In the machine's own network namespace: figures may be less steady.");
  return measure(wanted);
}

async function measure(wanted: PeersArguments): Promise<number> {
  const startedAt = new Date().toISOString();
  const children = new Children();
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-peers-'));
  const cleanUp = (): void => {
    children.killAll();
    rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => process.exit(EXIT.interrupted));
  process.on('exit', cleanUp);

  const { contenders, absent } = choose(wanted);
  for (const { name, why } of absent) console.log(`${name}: ${why}`);
  if (contenders.length === 0) throw new Error('there is no peer to run');
  const { modes: workloads, rounds, quiet: waitsForQuiet } = wanted;
  const options = {
    contenders,
    workloads,
    rounds,
    waitsForQuiet,
    amount: wanted,
    cores: cores(wanted),
    children,
    folder,
  };
  const runs = await bench({ ...options, onTurn: showProgress });

  const names = contenders.map(({ peer }) => peer.name);
  const tables = workloads.map((workload) => ({
    workload,
    rows: rows(workload, runs, names, wanted.baseline),
  }));
  const peers = contenders.map(({ peer: { name, about, remark }, found: { version } }) => ({
    ...{ name, about, version },
    ...(remark !== undefined && { remark }),
  }));
  const report: Report = {
    ...{ format: 1, startedAt, machine: thisMachine(), options: reportOptions(wanted) },
    ...{ peers, absent, tables, runs },
  };
  show(report);
  for (const file of saveReport(report, wanted.out)) console.log(file);
  return runs.every(({ error }) => error === undefined) ? 0 : EXIT.failed;
}

function reportOptions({ rounds, seconds, sessions, tls, baseline }: PeersArguments): Report['options'] {
  return { rounds, seconds, sessions, tls, baseline };
}

/** The peers that can take part; the others are named, never dropped silently. */
function choose({ only, tls }: PeersArguments): {
  readonly contenders: readonly Contender[];
  readonly absent: Report['absent'];
} {
  const wanted =
    only === undefined ? PEERS : only.flatMap((name) => PEERS.filter((peer) => peer.name === name));
  const looked = wanted.map((peer) => ({ peer, found: peer.find() }));
  const contenders = looked.flatMap(({ peer, found }) =>
    found === undefined || (tls && !peer.tls) ? [] : [{ peer, found }],
  );
  const absent = looked
    .filter(({ peer, found }) => found === undefined || (tls && !peer.tls))
    .map(({ peer, found }) => ({
      name: peer.name,
      why: found === undefined ? 'not installed' : 'not measured with TLS',
    }));
  return { contenders, absent };
}

/** The generator has a core of its own, and the peer others, where the machine has as many. */
function cores({ sutCores }: PeersArguments): Cores {
  const [first, ...others] = allowedCores();
  if (first === undefined || others.length < sutCores || which('taskset') === undefined) {
    console.log('Not pinned to cores (taskset and a core more than --sut-cores are needed).');
    return { generator: [], peer: [] };
  }
  return { generator: [first], peer: others.slice(0, sutCores) };
}

function showProgress({ number, count, workload, peer, secondsLeft, attempt }: Progress): void {
  const left = secondsLeft === undefined ? '' : `, about ${Math.ceil(secondsLeft / 60)} min left`;
  const again = attempt === 1 ? left : ', again: others disturbed it';
  console.log(`run ${number} of ${count}: ${peer}, ${workload}${again}`);
}

function show({ tables, options, absent }: Report): void {
  const security = options.tls ? 'TLS' : 'no TLS';
  for (const { workload, rows: tableRows } of tables) {
    console.log(`\n${workload}, ${options.sessions} sessions, ${security}: median [min-max]`);
    console.log(textTable(workload, tableRows, options.baseline));
  }
  console.log(`\n${absent.map(({ name, why }) => `${name}: ${why}`).join('\n')}`);
}
