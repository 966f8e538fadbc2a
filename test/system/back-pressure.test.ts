import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { eventually } from '../helpers/eventually.js';
import type { SeededBytes } from '../helpers/seeded-bytes.js';
import { TcpTarget } from '../helpers/tcp-target.js';
import { receive, send } from '../helpers/transfer.js';
import { World } from '../helpers/world.js';

const MIB = 1_048_576;

/** What the fast side wants to send. */
const BYTES = 96 * MIB;

/**
 * Most bytes that may be taken from the fast side while the slow one reads nothing. The agent holds 256 KiB; the rest
 * is not its own: 1 MiB in the simulated cloud, the client's buffers, and three TCP connections whose kernel buffers
 * grow to several MiB each by Linux's defaults.
 */
const MAX_TAKEN_BYTES = 64 * MIB;

/** The agent is said to have stalled when nothing was taken for this long, in ms. */
const STILL_MS = 1_500;

/** Resolves with the bytes taken once they do not grow any more. */
async function stalled(source: SeededBytes): Promise<number> {
  let [bytes, sinceMs] = [-1, 0];
  return eventually(() => {
    if (source.bytes !== bytes) [bytes, sinceMs] = [source.bytes, performance.now()];
    return performance.now() - sinceMs >= STILL_MS ? bytes : undefined;
  }, 'a sender that is held back');
}

/** One worker thread, so that a neighbour has nowhere else to run. */
async function start(t: TestContext): Promise<{ world: World; target: TcpTarget; echo: TcpTarget }> {
  const world = await World.start({ workers: 1 });
  t.after(() => world.stop());
  const target = await TcpTarget.start((socket) => socket.once('end', () => socket.end()));
  t.after(() => target.stop());
  const echo = await TcpTarget.echo();
  t.after(() => echo.stop());
  return { world, target, echo };
}

/** A neighbour on the same thread moves 8 MiB there and back. */
async function assertNeighbourMoves(world: World, echo: TcpTarget): Promise<void> {
  const tunnel = await world.open({ port: echo.port });
  const check = receive(tunnel, 'neighbour');
  const { source } = send(tunnel, 'neighbour', 8 * MIB);
  await eventually(() => check.bytes >= 8 * MIB || undefined, 'the echo of the neighbour');
  assert.equal(check.wrongAt, undefined);
  assert.equal(check.digest(), source.digest());
  tunnel.once('end', () => tunnel.end());
  await tunnel.close();
}

/** Memory of the whole process, worker threads included. */
const rss = (): number => process.memoryUsage.rss();

test('a target that does not read holds its client back, hurts no neighbour and gets everything later', async (t) => {
  const { world, target, echo } = await start(t);
  const tunnel = await world.open({ port: target.port });
  const socket = await target.socket();
  socket.pause();
  const { source, done } = send(tunnel, 'slow target', BYTES);
  const taken = await stalled(source);
  t.diagnostic(`${(taken / MIB).toFixed(1)} MiB taken from the client, rss ${Math.round(rss() / MIB)} MiB`);
  assert.ok(taken < MAX_TAKEN_BYTES, `${taken} bytes were taken`);
  await assertNeighbourMoves(world, echo);
  const check = receive(socket, 'slow target');
  socket.resume();
  await eventually(() => check.bytes >= BYTES || undefined, 'all bytes', 60_000);
  await done;
  assert.equal(check.wrongAt, undefined);
  assert.equal(check.digest(), source.digest());
  tunnel.once('end', () => tunnel.end()).resume();
  await tunnel.close();
  await world.idle();
});

test('a client that does not read holds its target back, hurts no neighbour and gets everything later', async (t) => {
  const { world, target, echo } = await start(t);
  const tunnel = await world.open({ port: target.port });
  const socket = await target.socket();
  const { source, done } = send(socket, 'slow client', BYTES);
  const taken = await stalled(source);
  t.diagnostic(`${(taken / MIB).toFixed(1)} MiB taken from the target, rss ${Math.round(rss() / MIB)} MiB`);
  assert.ok(taken < MAX_TAKEN_BYTES, `${taken} bytes were taken`);
  await assertNeighbourMoves(world, echo);
  const check = receive(tunnel, 'slow client');
  await eventually(() => check.bytes >= BYTES || undefined, 'all bytes', 60_000);
  await done;
  assert.equal(check.wrongAt, undefined);
  assert.equal(check.digest(), source.digest());
  tunnel.once('end', () => tunnel.end());
  await tunnel.close();
  await world.idle();
});
