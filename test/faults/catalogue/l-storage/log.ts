import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../../../helpers/eventually.js';
import { processTree } from '../../rig/processes.js';
import type { Rig } from '../../rig.js';
import { agentBehind, programOf } from './logged-agent.js';

/** Sessions that make lines. */
const SESSIONS = 15;

/** What a pipe holds on Linux, less a line that does not fit. */
const PIPE_BYTES = 65_536 - 4_096;

/** Sessions whose lines, of some 700 bytes together, are more than that. */
const SESSIONS_FOR_A_PIPE = 120;

/** L01: the log is a file on a disk that fills up. */
export async function fullLogDisk(rig: Rig): Promise<void> {
  const disk = rig.smallDisk(262_144);
  const file = path.join(disk.folder, 'agent.log');
  const agent = await agentBehind(rig, `exec "$@" >> '${file}'`);
  const target = await rig.target();
  await agent.stand.expectEcho(target);
  disk.fill();
  const full = statSync(file).size;
  for (let session = 0; session < SESSIONS; session += 1) await agent.stand.expectEcho(target);
  assert.ok(statSync(file).size - full < 8_192, 'the disk was not full');
  disk.free();
  const opened = (): number => readFileSync(file, 'utf8').split('"msg":"session open"').length - 1;
  // Kept while there was no room for it, and none of it lost: it was far below the bound.
  await eventually(() => opened() === SESSIONS + 1 || undefined, 'every line in the log');
  assert.equal(await agent.metric('gatehouse_log_dropped_total'), 0);
  await agent.end();
}

/** L04: truncated in place, as logrotate's copytruncate does; then removed. */
export async function rotatedLog(rig: Rig): Promise<void> {
  const file = path.join(rig.folder, 'agent.log');
  const agent = await agentBehind(rig, `exec "$@" >> '${file}'`);
  const target = await rig.target();
  await agent.stand.expectEcho(target);
  truncateSync(file, 0);
  await agent.stand.expectEcho(target);
  await eventually(
    () => readFileSync(file, 'utf8').startsWith('{') || undefined,
    'lines from the beginning of the file',
  );
  rmSync(file);
  await agent.stand.expectEcho(target);
  await agent.end();
}

/** L05: `gatehouse run | head -n 1`. */
export async function closedPipe(rig: Rig): Promise<void> {
  const agent = await agentBehind(rig, `"$@" | head -n 1; wait`);
  const target = await rig.target();
  const reader = (): boolean => processTree(agent.command.pid).some((pid) => programOf(pid) === 'head');
  await eventually(() => !reader() || undefined, 'the end of the reader');
  for (let session = 0; session < SESSIONS; session += 1) await agent.stand.expectEcho(target);
  await agent.end();
}

/** L06: what reads the log is stopped, as journald may be, and the pipe to it is full. */
export async function stoppedReader(rig: Rig): Promise<void> {
  const file = path.join(rig.folder, 'agent.log');
  const agent = await agentBehind(rig, `"$@" | cat > '${file}'`);
  const target = await rig.target();
  const reader = processTree(agent.command.pid).find((pid) => programOf(pid) === 'cat');
  assert.ok(reader !== undefined, 'no reader');
  process.kill(reader, 'SIGSTOP');
  const read = statSync(file).size;
  try {
    for (let session = 0; session < SESSIONS_FOR_A_PIPE; session += 1) await agent.stand.expectEcho(target);
    assert.equal(await agent.metric('gatehouse_cloud_connected'), 1);
    await agent.end();
  } finally {
    process.kill(reader, 'SIGCONT');
  }
  await agent.command.ended();
  const held = statSync(file).size - read;
  assert.ok(held >= PIPE_BYTES, `${held} bytes are less than a pipe holds: the agent was not held up`);
}
