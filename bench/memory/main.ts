import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { textTable } from '../micro/harness/text-table.js';
import { blast } from './blast.js';
import { Scene } from './scene.js';

/*
 * `npm run bench:memory`: what a session costs in memory of the agent's process, idle and with one side that reads
 * nothing while the other one sends as much as it can.
 */
const HELP = `Usage: npm run bench:memory -- [--sessions N]

  --sessions N   sessions of each case, compared with half of them (default 200). The kernel holds up to 10 MiB for each stalled one.

Examples:
  npm run bench:memory
  npm run bench:memory -- --sessions 400`;

const MEBIBYTE = 1_048_576;

interface Case {
  readonly name: string;
  /** Who sends; nobody when the sessions are idle. */
  readonly sender?: 'cloud' | 'target';
  readonly messageBytes?: number;
}

const CASES: readonly Case[] = [
  { name: 'idle' },
  { name: 'target reads nothing, messages of 64 KiB', sender: 'cloud', messageBytes: 65_536 },
  { name: 'target reads nothing, messages of 16 MiB', sender: 'cloud', messageBytes: 16 * MEBIBYTE },
  { name: 'cloud reads nothing', sender: 'target' },
];

/** Idle sessions cost the kernel next to nothing, and many of them show more than the noise of the heap. */
const IDLE_FACTOR = 20;

/** A side is stalled when nothing more was taken for so long, in ms; and what one case may take at most. */
const STALL_MS = 2_000;
const CASE_MS = 60_000;

const { values } = parseArgs({
  options: { sessions: { type: 'string', default: '200' }, help: { type: 'boolean', default: false } },
});
const sessions = Number(values.sessions);
if (values.help) console.log(HELP);
else if (process.platform !== 'linux') fail('it reads /proc, so it runs on Linux only');
else if (!Number.isInteger(sessions) || sessions < 2 || sessions > 400) fail('--sessions is 2 to 400');
else await main();

async function main(): Promise<void> {
  const rows: string[][] = [];
  for (const isTls of [false, true]) {
    for (const one of CASES) {
      process.stderr.write(`${isTls ? 'TLS' : 'plain'}, ${one.name} …\n`);
      // What the process needs for the first sessions it would need for any number; the difference is theirs alone.
      const most = one.sender === undefined ? IDLE_FACTOR * sessions : sessions;
      const few = Math.floor(most / 2);
      const grownBytes = (await measure(one, most, isTls)) - (await measure(one, few, isTls));
      const perSession = grownBytes / (most - few) / 1_024;
      rows.push([one.name, isTls ? 'TLS' : 'plain', perSession.toFixed(1)]);
    }
  }
  console.log(textTable(['sessions', 'cloud', 'KiB each'], rows));
}

/** Resident bytes of the agent with so many sessions in that state. */
async function measure(one: Case, count: number, isTls: boolean): Promise<number> {
  const scene = await Scene.open({ sessions: count, isTls });
  try {
    if (one.sender !== undefined) {
      await stalled(one.sender === 'cloud' ? scene.clouds : scene.targets, one.messageBytes);
    }
    return scene.residentBytes();
  } finally {
    scene.close();
  }
}

async function stalled(
  senders: readonly Parameters<typeof blast>[0][],
  messageBytes: number | undefined,
): Promise<void> {
  let lastMs = performance.now();
  const endMs = lastMs + CASE_MS;
  for (const sender of senders) blast(sender, messageBytes, () => (lastMs = performance.now()));
  while (performance.now() - lastMs < STALL_MS) {
    if (performance.now() > endMs) throw new Error('the sender was never stalled');
    await pause(100);
  }
}

function fail(sentence: string): void {
  console.error(`bench:memory: ${sentence}`);
  process.exitCode = 2;
}
