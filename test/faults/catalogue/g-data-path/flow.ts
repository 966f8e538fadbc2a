import assert from 'node:assert/strict';
import { eventually } from '../../../helpers/eventually.js';
import { frame } from '../../../helpers/raw-cloud.js';
import type { Rig } from '../../rig.js';
import { exchange } from '../../rig/exchange.js';
import { assertWithin, lapse } from '../../rig/time.js';
import { Fuzzer } from '../../../conformance/fuzzer.js';
import { closeCode, polite, Tunnels } from '../f-frames/tunnels.js';

const KIBIBYTE = 1_024;
const MEBIBYTE = 1_048_576;

/** G11: pings keep an idle session; and the idle limit ends one when it is set. */
export async function idle(rig: Rig): Promise<void> {
  const kept = await Tunnels.start(rig, { keepAlive: { webSocketPing: '1s' } });
  const session = await kept.open();
  let bytes = 0;
  session.cloud.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    session.cloud.write(frame(0x8a));
  });
  session.cloud.resume();
  await lapse(5_000);
  assert.ok(bytes >= 3 * 6, `${bytes} bytes of pings`);
  assert.equal((await kept.stand.agent.sessions())[0]?.state, 'open');
  await kept.stand.end();

  const limited = await Tunnels.start(rig, { limits: { idleTimeout: '2s' } });
  const quiet = await limited.open();
  polite(quiet.target);
  assert.equal(await closeCode(quiet.cloud), 1001);
  quiet.cloud.end();
  assert.equal(await limited.reason(quiet), 'idle');
}

/** G12: the cloud's connection stays, and nothing comes over it any more. */
export async function silentCloud(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig, { keepAlive: { webSocketPing: '2s' } });
  const session = await tunnels.open();
  polite(session.target);
  const startMs = performance.now();
  assert.equal(await closeCode(session.cloud, 20_000), 1001);
  const ms = performance.now() - startMs;
  rig.figure('seen after ms', ms);
  assertWithin(ms, 4_500);
  session.cloud.end();
  assert.equal(await tunnels.reason(session), 'cloud-ping-timeout');
}

/** Bulk sessions beside the one that is looked at; those of the research, 500, are for a machine of its own. */
const BULK_SESSIONS = 8;
const KEYSTROKES = 50;

/** G14: keystrokes there and back while other sessions of the same worker move as much as they can. */
export async function keystrokes(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const echo = await rig.streamTarget((socket) => void socket.pipe(socket));
  const source = await rig.streamTarget((socket) => {
    const chunk = Buffer.alloc(64 * KIBIBYTE, 0x62);
    const more = (): void => {
      while (socket.writable && socket.write(chunk));
    };
    socket.on('drain', more);
    more();
  });
  for (let n = 0; n < BULK_SESSIONS; n += 1) (await stand.open(source)).on('data', () => undefined);
  const tunnel = await stand.open(echo);
  const times: number[] = [];
  let echoed = 0;
  tunnel.on('data', (chunk: Buffer) => (echoed += chunk.length));
  for (let n = 1; n <= KEYSTROKES; n += 1) {
    const startMs = performance.now();
    tunnel.write('k');
    await eventually(() => echoed === n || undefined, 'a keystroke coming back');
    times.push(performance.now() - startMs);
  }
  times.sort((a, b) => a - b);
  const p99 = times[Math.floor(times.length * 0.99)] ?? 0;
  rig.figure('p50 ms', times[times.length / 2] ?? 0);
  rig.figure('p99 ms', p99);
  // The simulator, the targets and the operator share this process with the clock, so the figure is told, and what
  // decides is that no keystroke is starved.
  assertWithin(p99, 5_000);
}

const SIZES = [
  0,
  1,
  125,
  126,
  127,
  16_383,
  16_384,
  16_385,
  65_535,
  65_536,
  65_537,
  MEBIBYTE - 1,
  MEBIBYTE,
  MEBIBYTE + 1,
];
const LARGE = [16 * MEBIBYTE - 1, 16 * MEBIBYTE, 16 * MEBIBYTE + 1];

/** G15: streams of all sizes both ways at once, each with a seed of its own; four sessions at a time. */
export async function streams(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.streamTarget();
  let bytes = 0;
  const one = async (size: number): Promise<void> => {
    const before = target.sockets.length;
    const tunnel = await stand.open(target);
    const socket = await eventually(() => target.sockets[before], 'a connection to the target');
    socket.once('end', () => socket.end());
    tunnel.once('end', () => tunnel.end());
    opened();
    await exchange({ tunnel, socket }, size, 60_000);
    bytes += 2 * size;
    await tunnel.close();
  };
  // Sessions open one after the other, so that each end is told from the others; they move together.
  let opened = (): void => undefined;
  const running = new Set<Promise<void>>();
  for (const size of [...SIZES, ...LARGE]) {
    const isOpen = new Promise<void>((resolve) => (opened = resolve));
    const session = one(size).finally(() => running.delete(session));
    running.add(session);
    await Promise.race([isOpen, session]);
    if (running.size >= 4) await Promise.race(running);
  }
  await Promise.all(running);
  rig.figure('MiB', bytes / MEBIBYTE);
  stand.ledger.assertOneFinalStatusEach();
}

/** Of the paced sessions of G17, each: what a screen needs. */
const PACED_BYTES = 200_000;
const PACED_SESSIONS = 20;
const EVERY_MS = 100;
const ROUNDS = 20;

/** G17: paced streams keep their rate beside one session at full speed. */
export async function fairShare(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig);
  const bulk = await tunnels.open();
  const fuzzer = new Fuzzer(bulk.cloud, bulk.request);
  const chunk = Buffer.alloc(256 * KIBIBYTE, 0x62);
  const more = (): void => {
    while (bulk.target.writable && bulk.target.write(chunk));
    // What was checked need not be kept.
    fuzzer.data.length = 0;
  };
  bulk.target.on('drain', more);
  const perRound = PACED_BYTES / ROUNDS;
  const sessions = [];
  for (let n = 0; n < PACED_SESSIONS; n += 1) sessions.push(await tunnels.open());
  let got = 0;
  for (const { target, cloud } of sessions) {
    cloud.resume();
    target.on('data', (bytes: Buffer) => (got += bytes.length));
  }
  more();
  const startMs = performance.now();
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const { cloud } of sessions) cloud.write(frame(0x82, Buffer.alloc(perRound, round)));
    await lapse(Math.max(0, startMs + round * EVERY_MS - performance.now()));
  }
  const share = got / (PACED_SESSIONS * PACED_BYTES);
  rig.figure('share while sending', share);
  rig.figure('bulk MiB', fuzzer.dataBytes / MEBIBYTE);
  await eventually(() => got === PACED_SESSIONS * PACED_BYTES || undefined, 'all paced bytes');
  assert.ok(share >= 0.8, `${share} of the paced bytes had come`);
  assert.equal(fuzzer.fault, undefined);
  bulk.target.destroy();
  for (const { target } of sessions) target.destroy();
}
