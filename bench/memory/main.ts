import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { textTable } from '../micro/harness/text-table.js';
import { blast, readThenStop } from './blast.js';
import { CASES, type Case } from './cases.js';
import { Scene } from './scene.js';

/*
 * `npm run bench:memory`: what a session costs in memory of the agent's process: idle; and with one side, or both, that
 * reads a while, then reads nothing more, while the other one sends as much as it can.
 */
const HELP = `Usage: npm run bench:memory -- [--sessions N] [--read MIB] [words...]

  words          measure the cases whose name contains one of the words
  --sessions N   sessions of each case, compared with half of them (default 200)
  --read MIB     what a side reads before it stops (default 5): the agent reads in larger steps from slow to fast readers

The kernel holds up to 10 MiB for each stalled session and direction. For a thousand of them, take a network of its own
with small socket buffers:

  unshare -n sh -c 'ip link set lo up
    sysctl -w net.ipv4.tcp_rmem="4096 65536 131072" net.ipv4.tcp_wmem="4096 65536 131072"
    npm run bench:memory -- --sessions 1000'`;

const MEBIBYTE = 1_048_576;

/** Idle sessions cost the kernel next to nothing, and many of them show more than the noise of the heap. */
const IDLE_FACTOR = 20;
const MOST_IDLE = 4_000;

/** A side is stalled when nothing more was taken for so long, in ms; and what one case may take at most. */
const STALL_MS = 2_000;
const CASE_MS = 120_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sessions: { type: 'string', default: '200' },
    read: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
});
const sessions = Number(values.sessions);
const readBytes = Number(values.read) * MEBIBYTE;
if (values.help) console.log(HELP);
else if (process.platform !== 'linux') fail('it reads /proc, so it runs on Linux only');
else if (!Number.isInteger(sessions) || sessions < 2 || sessions > 2_000) fail('--sessions is 2 to 2000');
else if (!(readBytes >= 0 && readBytes <= 64 * MEBIBYTE)) fail('--read is 0 to 64');
else await main();

async function main(): Promise<void> {
  const rows: string[][] = [];
  for (const isTls of [false, true]) {
    for (const one of CASES.filter(isWanted)) {
      process.stderr.write(`${isTls ? 'TLS' : 'plain'}, ${one.name} …\n`);
      // What the process needs for the first sessions it would need for any number; the difference is theirs alone.
      const most = one.stalled.length === 0 ? Math.min(IDLE_FACTOR * sessions, MOST_IDLE) : sessions;
      const few = Math.floor(most / 2);
      const grownBytes = (await measure(one, most, isTls)) - (await measure(one, few, isTls));
      const perSession = grownBytes / (most - few) / 1_024;
      rows.push([one.name, isTls ? 'TLS' : 'plain', perSession.toFixed(1)]);
    }
  }
  console.log(textTable(['sessions', 'cloud', 'KiB each'], rows));
}

function isWanted({ name }: Case): boolean {
  return positionals.length === 0 || positionals.some((word) => name.includes(word));
}

/** Resident bytes of the agent with so many sessions in that state. */
async function measure(one: Case, count: number, isTls: boolean): Promise<number> {
  const scene = await Scene.open({ sessions: count, isTls });
  try {
    if (one.stalled.length > 0) await stall(one, scene);
    return scene.residentBytes();
  } finally {
    scene.close();
  }
}

async function stall({ stalled, messageBytes }: Case, { clouds, targets }: Scene): Promise<void> {
  let lastMs = performance.now();
  const onTaken = (): void => void (lastMs = performance.now());
  const endMs = lastMs + CASE_MS;
  if (stalled.includes('target')) {
    for (const socket of targets) readThenStop(socket, readBytes);
    for (const socket of clouds) blast(socket, messageBytes, onTaken);
  }
  if (stalled.includes('cloud')) {
    for (const socket of clouds) readThenStop(socket, readBytes);
    for (const socket of targets) blast(socket, undefined, onTaken);
  }
  while (performance.now() - lastMs < STALL_MS) {
    if (performance.now() > endMs) throw new Error('the sender was never stalled');
    await pause(100);
  }
}

function fail(sentence: string): void {
  console.error(`bench:memory: ${sentence}`);
  process.exitCode = 2;
}
