import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LOOPBACK } from '../traffic/loopback.js';
import type { Child, Children } from './children.js';
import { figures, type Figures, type Window } from './figures.js';
import { Generator } from './generator.js';
import { isListening, machineTimes } from './linux/machine.js';
import { cpuSeconds } from './linux/process-tree.js';
import type { Found, Peer, PeerContext } from './peer.js';
import { trafficFor, type Amount, type Workload } from './workload.js';

/** Longest wait for a peer to listen, in ms. */
const LISTEN_MS = 15_000;
const LISTEN_STEP_MS = 20;

/** The cores of each; empty = not pinned. */
export interface Cores {
  readonly generator: readonly number[];
  readonly peer: readonly number[];
}

export interface RunOptions {
  readonly peer: Peer;
  readonly found: Found;
  readonly workload: Workload;
  readonly amount: Amount;
  readonly cores: Cores;
  readonly children: Children;
  /** For files of the run. */
  readonly folder: string;
}

/** One peer doing one workload once. @throws Error with a sentence when it does not work, or a byte was wrong. */
export async function runOnce(options: RunOptions): Promise<Figures> {
  const { peer, workload, amount, cores, children } = options;
  const [listenPort, middlePort] = await twoFreePorts();
  const settings = trafficFor(workload, amount, peer.role, listenPort);
  const generator = await Generator.start(children, settings, cores.generator);
  const started: Child[] = [];
  try {
    const ready = await generator.ready();
    const { cloudPort, targetPort } = ready;
    const caFile = ready.ca === undefined ? undefined : path.join(options.folder, 'ca.pem');
    if (caFile !== undefined && ready.ca !== undefined) writeFileSync(caFile, ready.ca);
    const context: PeerContext = {
      ...{ cloudPort, targetPort, listenPort, middlePort, caFile },
      ...{ sessions: amount.sessions, tls: amount.tls, reopen: workload === 'churn', folder: options.folder },
    };
    await startPeer(options, context, started);
    generator.go();
    return await Promise.race([measured(generator, started), endedEarly(started)]);
  } finally {
    await Promise.all([...started.map((child) => children.end(child)), generator.end()]);
  }
}

/** Starts the peer's processes into `started`, each when the one before it listens. */
async function startPeer(
  { peer, found, children, cores }: RunOptions,
  context: PeerContext,
  started: Child[],
): Promise<void> {
  const commands = peer.commands(found, context);
  for (const [index, command] of commands.entries()) {
    const child = await children.start(command, cores.peer);
    child.output.resume();
    started.push(child);
    const isLast = index === commands.length - 1;
    if (!isLast) await listening(context.middlePort, started);
    else if (peer.role !== 'ws-server') await listening(context.listenPort, started);
  }
}

async function listening(port: number, started: readonly Child[]): Promise<void> {
  const early = endedEarly(started);
  for (let waitedMs = 0; waitedMs < LISTEN_MS; waitedMs += LISTEN_STEP_MS) {
    if (isListening(port)) return;
    await Promise.race([pause(LISTEN_STEP_MS), early]);
  }
  throw new Error(`it does not listen on port ${port} after ${LISTEN_MS / 1_000} s`);
}

function endedEarly(started: readonly Child[]): Promise<never> {
  const early = Promise.race(started.map((child) => child.ended.then(() => child))).then((child) => {
    throw new Error(`it ended before its time: ${child.errorText() || 'without a word'}`);
  });
  // Nobody may be waiting any more when the run is over.
  early.catch(() => undefined);
  return early;
}

/** Takes everybody's processor time at each edge that the generator tells of. */
async function measured(generator: Generator, started: readonly Child[]): Promise<Figures> {
  const windows: Window[] = [];
  let last = edge(started);
  const result = await generator.follow({
    onStart: () => (last = edge(started)),
    onWindow: ({ window }) => {
      const now = edge(started);
      const peerCpuSeconds = now.peer - last.peer;
      const ours = peerCpuSeconds + window.generatorCpuSeconds + now.bench - last.bench;
      const foreignCpuSeconds = Math.max(0, now.busy - last.busy - ours);
      windows.push({ ...window, peerCpuSeconds, foreignCpuSeconds, stealSeconds: now.steal - last.steal });
      last = now;
    },
  });
  if (result.faults > 0) throw new Error(`${result.faults} faults, first: ${result.sentences[0] ?? ''}`);
  const hasMoved = result.upBytes + result.downBytes + result.setups > 0 || result.roundTrips !== undefined;
  if (!hasMoved) throw new Error('its sessions came up, but nothing moved');
  return figures(windows, result.roundTrips);
}

function edge(started: readonly Child[]) {
  const { user, system } = process.cpuUsage();
  const peer = started.reduce((total, { pid }) => total + cpuSeconds(pid), 0);
  return { ...machineTimes(), peer, bench: (user + system) / 1e6 };
}

/** Ports that nobody has now; in the bench's namespace nobody else takes one meanwhile. */
async function twoFreePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const;
  await Promise.all(servers.map((server) => once(server.listen(0, LOOPBACK), 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  const [first = 0, second = 0] = ports;
  return [first, second];
}
