import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { eventually } from '../../../helpers/eventually.js';
import { frame } from '../../../helpers/raw-cloud.js';
import { lapse } from '../../rig/time.js';
import type { Rig } from '../../rig.js';
import { closeCode, polite, Tunnels, type Ends } from '../f-frames/tunnels.js';

const MEBIBYTE = 1_048_576;
const CHUNK_BYTES = 65_536;

/** The kernel takes some MiB on each side of the agent; what more is taken would be held by it. */
const MOST_TAKEN_BYTES = 64 * MEBIBYTE;

/** What the process may grow by for a few stalled sessions, in bytes: its heap moves by more than they hold. */
const MAX_GROWTH_BYTES = 32 * MEBIBYTE;

/** The deadline of the agent is 60 s, and its answer is looked for a while longer, in ms. */
const STALL_LIMIT_MS = 75_000;

const MESSAGE = frame(0x82, Buffer.alloc(CHUNK_BYTES, 0x64));
const BYTES = Buffer.alloc(CHUNK_BYTES, 0x75);

/** Writes until nothing is taken for a second; gives the bytes that were. */
async function fill(socket: Socket, chunk: Buffer): Promise<number> {
  let taken = -1;
  let quietMs = 0;
  while (quietMs < 1_000) {
    while (!socket.writableNeedDrain) socket.write(chunk);
    await lapse(50);
    const now = socket.bytesWritten - socket.writableLength;
    quietMs = now === taken ? quietMs + 50 : 0;
    taken = now;
    assert.ok(taken < MOST_TAKEN_BYTES, `${taken} bytes were taken`);
  }
  return taken;
}

/** Lets go of a session from both sides once it has ended. */
async function letGo({ cloud, target }: Ends): Promise<void> {
  cloud.destroy();
  target.destroy();
  await eventually(() => (cloud.closed && target.closed) || undefined, 'the ends to be gone');
}

/** G01: the target reads nothing; the cloud is held back, and the stall ends the session. */
export async function targetStalls(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig);
  const { agent } = tunnels.stand;
  const before = await agent.residentBytes();
  const session = await tunnels.open();
  rig.figure('taken MiB', (await fill(session.cloud, MESSAGE)) / MEBIBYTE);
  const grown = (await agent.residentBytes()) - before;
  rig.figure('grown MiB', grown / MEBIBYTE);
  assert.ok(grown < MAX_GROWTH_BYTES, `${grown} bytes`);
  assert.equal(await closeCode(session.cloud, STALL_LIMIT_MS), 1001);
  await letGo(session);
  assert.equal(await tunnels.reason(session), 'stall-target');
}

/** G02: the cloud reads nothing; the target is held back, and nothing is lost once it reads again. */
export async function cloudPauses(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig);
  const { agent } = tunnels.stand;
  const before = await agent.residentBytes();
  const session = await tunnels.open();
  rig.figure('taken MiB', (await fill(session.target, BYTES)) / MEBIBYTE);
  const grown = (await agent.residentBytes()) - before;
  rig.figure('grown MiB', grown / MEBIBYTE);
  assert.ok(grown < MAX_GROWTH_BYTES, `${grown} bytes`);
  session.target.end();
  const sent = (): number => session.target.bytesWritten;
  assert.equal(await closeCode(session.cloud, 30_000), 1000);
  session.cloud.end();
  polite(session.target);
  assert.equal(await tunnels.reason(session), 'target-fin');
  const [view] = tunnels.stand.agent.log().filter(({ msg }) => msg === 'session ended');
  assert.equal(view?.uplinkBytes, sent());
}

/** G03: neither side reads. */
export async function bothStall(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig);
  const { agent } = tunnels.stand;
  const before = await agent.residentBytes();
  const session = await tunnels.open();
  await Promise.all([fill(session.cloud, MESSAGE), fill(session.target, BYTES)]);
  const grown = (await agent.residentBytes()) - before;
  rig.figure('grown MiB', grown / MEBIBYTE);
  assert.ok(grown < MAX_GROWTH_BYTES, `${grown} bytes`);
  const closing = async (): Promise<true | undefined> =>
    (await agent.sessions())[0]?.state === 'closing' || undefined;
  const startMs = performance.now();
  while ((await closing()) === undefined) {
    assert.ok(performance.now() - startMs < STALL_LIMIT_MS, 'no stall was seen');
    await lapse(250);
  }
  await letGo(session);
  assert.match(await tunnels.reason(session), /^stall-(cloud|target)$/);
}

/** G05: 1 KiB a second, for longer than the stall deadline: a write of 200 KiB is progress while the kernel takes it. */
export async function slowReader(rig: Rig): Promise<void> {
  // With windows of MiB the kernel would show no progress of such a reader within a minute.
  rig.network.sysctl('net.ipv4.tcp_rmem', '4096 8192 16384');
  const tunnels = await Tunnels.start(rig);
  const session = await tunnels.open();
  let received = 0;
  session.target.pause();
  const timer = setInterval(() => {
    const bytes = session.target.read(1_024) as Buffer | null;
    received += bytes?.length ?? 0;
  }, 1_000);
  rig.atEnd(() => clearInterval(timer));
  await fill(session.cloud, MESSAGE);
  await lapse(70_000);
  const [view] = await tunnels.stand.agent.sessions();
  rig.figure('read KiB', received / 1_024);
  assert.ok(received > 0);
  const ended = tunnels.stand.agent.log().find(({ msg }) => msg === 'session ended');
  assert.equal(view?.state, 'open', JSON.stringify(ended));
  clearInterval(timer);
  await letGo(session);
}

/** G13: while the target holds reading back, three ping intervals pass without a pong that we could read. */
export async function latePong(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig, { keepAlive: { webSocketPing: '1s' } });
  const session = await tunnels.open();
  session.target.pause();
  await fill(session.cloud, MESSAGE);
  await lapse(4_000);
  const [view] = await tunnels.stand.agent.sessions();
  assert.equal(view?.state, 'open');
  const received = new Promise<void>((resolve) => session.target.once('data', () => resolve()));
  session.target.resume();
  await received;
}

/** As many as one machine carries beside other things; the kernel's memory is what 5,000 would need. */
const MANY = 300;
const SESSION_BYTES = 262_144;

/** G04: many stalled sessions, with socket buffers as the install guide sets them; each holds what it may at most. */
export async function manyStall(rig: Rig): Promise<void> {
  for (const name of ['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'])
    rig.network.sysctl(name, '4096 65536 131072');
  const tunnels = await Tunnels.start(rig, { limits: { sessionsPerTarget: MANY } });
  const { agent } = tunnels.stand;
  const before = await agent.residentBytes();
  const sessions: Ends[] = [];
  while (sessions.length < MANY) sessions.push(await tunnels.open());
  await Promise.all(sessions.map(({ cloud }) => fill(cloud, MESSAGE)));
  const grown = (await agent.residentBytes()) - before;
  rig.figure('sessions', MANY);
  rig.figure('KiB each', grown / MANY / 1_024);
  assert.ok(grown < MANY * SESSION_BYTES + MAX_GROWTH_BYTES, `${grown} bytes`);
  assert.equal((await agent.sessions()).length, MANY);
  await Promise.all(sessions.map(letGo));
}
