import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Fuzzer } from '../../../conformance/fuzzer.js';
import { Arrived } from '../../../conformance/runner.js';
import { eventually } from '../../../helpers/eventually.js';
import { closeFrame, frame } from '../../../helpers/raw-cloud.js';
import type { Agent } from '../../rig/agent.js';
import type { Rig } from '../../rig.js';
import { Tunnels } from './tunnels.js';

const KIBIBYTE = 1_024;
const MEBIBYTE = 1_048_576;

/** A flood has to cost less than this, in bytes; resident memory moves by some of it without any. */
const MAX_GROWTH_BYTES = 8 * MEBIBYTE;

/** The heap has taken the steps that it takes with use, so that what is measured is the flood. */
async function warm(tunnels: Tunnels): Promise<void> {
  for (let round = 0; round < 3; round += 1) await fragmentsOf(tunnels, 4 * KIBIBYTE, 200_000);
}

async function grownBytes(agent: Agent, flood: () => Promise<void>): Promise<number> {
  const before = await agent.residentBytes();
  await flood();
  return (await agent.residentBytes()) - before;
}

/** Writes `chunk` again and again, as far as the peer takes it. */
async function pour(socket: Socket, chunk: Buffer, times: number): Promise<void> {
  for (let round = 0; round < times && socket.writable; round += 1) {
    if (socket.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        socket.off('drain', settle).off('close', settle);
        resolve();
      };
      socket.once('drain', settle).once('close', settle);
    });
  }
}

/** F04: 100,000 pings to a peer that reads its pongs; and pings without end from one that reads nothing. */
export async function pingFlood(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig);
  const { agent } = tunnels.stand;
  await warm(tunnels);
  const pings = Buffer.concat(Array<Buffer>(1_000).fill(frame(0x89, Buffer.alloc(125, 0x70))));
  for (const isReading of [true, false]) {
    const session = await tunnels.open();
    const fuzzer = isReading ? new Fuzzer(session.cloud, session.request) : undefined;
    const grown = await grownBytes(agent, async () => {
      await Promise.race([pour(session.cloud, pings, 100), tunnels.reason(session)]);
    });
    rig.figure(`grown KiB, ${isReading ? '' : 'not '}reading`, grown / KIBIBYTE);
    assert.ok(grown < MAX_GROWTH_BYTES, `${grown} bytes`);
    assert.equal(await tunnels.reason(session), 'ping-flood');
    if (fuzzer !== undefined) {
      await fuzzer.until('the close frame', () => fuzzer.closes.length > 0);
      assert.deepEqual(fuzzer.closes, [1008]);
      assert.ok(fuzzer.pongs.length <= 1_000, `${fuzzer.pongs.length} pongs`);
    }
    session.cloud.destroy();
  }
}

/** A message of `bytes` in fragments of one byte, or so many empty ones; all of it has to come through. */
async function fragmentsOf(tunnels: Tunnels, bytes: number, empty: number): Promise<void> {
  const session = await tunnels.open();
  const arrived = new Arrived(session.target);
  session.cloud.resume();
  session.cloud.write(frame(0x02, 'a'));
  await pour(session.cloud, Buffer.concat(Array<Buffer>(1_000).fill(frame(0x00, ''))), empty / 1_000);
  const single = Buffer.concat(Array<Buffer>(KIBIBYTE).fill(frame(0x00, 'b')));
  await pour(session.cloud, single, bytes / KIBIBYTE);
  session.cloud.write(Buffer.concat([frame(0x80, 'z'), closeFrame(1000)]));
  await eventually(() => arrived.bytes === bytes + 2 || undefined, 'all payload', 60_000);
  assert.equal(await tunnels.reason(session), 'cloud-close');
}

/** F08: 200,000 empty fragments; and 16 MiB, the largest message, in fragments of one byte. */
export async function fragmentFlood(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig);
  const { agent } = tunnels.stand;
  await warm(tunnels);
  const bytes = 16 * MEBIBYTE - KIBIBYTE;
  const startSeconds = await cpuSeconds(agent);
  const grown = await grownBytes(agent, () => fragmentsOf(tunnels, bytes, 200_000));
  const seconds = (await cpuSeconds(agent)) - startSeconds;
  rig.figure('grown KiB', grown / KIBIBYTE);
  rig.figure('CPU s', seconds);
  // A second of one processor for each MiB of such payload.
  assert.ok(seconds < 16, `${seconds} s`);
  assert.ok(grown < MAX_GROWTH_BYTES, `${grown} bytes`);
}

/** Of the whole agent process. */
function cpuSeconds(agent: Agent): Promise<number> {
  return agent.metric('process_cpu_seconds_total');
}
