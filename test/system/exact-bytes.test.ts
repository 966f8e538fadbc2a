import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { Tunnel } from '../../src/cli/connect/tunnel.js';
import { randomNumbers, type SeededCheck } from '../helpers/seeded-bytes.js';
import { TcpTarget } from '../helpers/tcp-target.js';
import { receive, send, type Sending } from '../helpers/transfer.js';
import { World } from '../helpers/world.js';

const MIB = 1_048_576;

/** Around the boundaries of frame headers, reads and messages. */
const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, MIB - 1, MIB, MIB + 1];

/** Longest time for one exchange, in ms: a bound against hanging, far above what the largest takes. */
const LIMIT_MS = 60_000;

/** Both ends of one session, each with what it sends and what it got. */
interface Ends {
  readonly tunnel: Tunnel;
  readonly socket: Socket;
  readonly uplink: Sending;
  readonly downlink: Sending;
  readonly atClient: SeededCheck;
  readonly atTarget: SeededCheck;
  /** Resolves when both ends are closed. */
  readonly over: Promise<unknown>;
}

/** Opens a session with a target of its own and starts both directions, each with its own stream. */
async function start(world: World, seed: string, size: number): Promise<Ends> {
  const target = await TcpTarget.start();
  const tunnel = await world.open({ port: target.port });
  // A target that ends before the session is up makes it fail instead.
  if (size === 0) await world.sessionOpen(target.port);
  const socket = await target.socket();
  const ends = {
    tunnel,
    socket,
    atClient: receive(tunnel, `${seed} uplink`),
    atTarget: receive(socket, `${seed} downlink`),
    uplink: send(socket, `${seed} uplink`, size),
    downlink: send(tunnel, `${seed} downlink`, size),
  };
  tunnel.once('end', () => tunnel.end());
  socket.once('end', () => socket.end());
  const signal = AbortSignal.timeout(LIMIT_MS);
  const over = Promise.all([once(tunnel, 'close', { signal }), once(socket, 'close', { signal })]).finally(
    () => target.stop(),
  );
  // Whoever awaits it comes later; until then nobody may call its failure unhandled.
  over.catch(() => undefined);
  return { ...ends, over };
}

type Ender = 'target FIN' | 'client close frame';

/** The ender ends as soon as it has everything; what it has itself sent may still be on its way. */
async function exchange(world: World, seed: string, size: number, endedBy: Ender): Promise<void> {
  const ends = await start(world, seed, size);
  const { tunnel, socket, uplink, downlink, atClient, atTarget, over } = ends;
  if (endedBy === 'target FIN') {
    await uplink.done;
    whenAtLeast(socket, atTarget, size, () => socket.end());
  } else {
    await downlink.done;
    whenAtLeast(tunnel, atClient, size, () => void tunnel.close());
  }
  await over;
  const what = `${size} bytes ended by ${endedBy}, seed ${seed}`;
  assertSame(uplink, atClient, size, `uplink, ${what}`);
  assertSame(downlink, atTarget, size, `downlink, ${what}`);
  assert.equal(tunnel.ending?.code, 1000, what);
}

function assertSame({ source }: Sending, check: SeededCheck, size: number, what: string): void {
  assert.equal(check.wrongAt, undefined, `a wrong byte: ${what}`);
  assert.equal(check.bytes, size, what);
  assert.equal(check.digest(), source.digest(), `SHA-256: ${what}`);
}

for (const tls of [false, true]) {
  const over = tls ? 'TLS' : 'a plain connection';

  test(`sessions over ${over} deliver every size both ways, whoever ends them cleanly`, async (t) => {
    const world = await World.start({ tls, workers: 2 });
    t.after(() => world.stop());
    // At the same time, so that sessions share threads, slots and read buffers.
    await Promise.all(
      (['target FIN', 'client close frame'] as const).flatMap((endedBy) =>
        SIZES.map((size) => exchange(world, `${over} ${endedBy} ${size}`, size, endedBy)),
      ),
    );
    await world.idle();
  });

  test(`sessions over ${over} deliver 16 MiB + 1 and 64 MiB both ways`, async (t) => {
    const world = await World.start({ tls, workers: 2 });
    t.after(() => world.stop());
    await exchange(world, `${over} large`, 16 * MIB + 1, 'client close frame');
    await exchange(world, `${over} larger`, 64 * MIB, 'target FIN');
    await world.idle();
  });

  test(`messages over ${over} that are split and fragmented by the cloud arrive whole`, async (t) => {
    const world = await World.start({ tls });
    t.after(() => world.stop());
    for (const action of ['split', 'fragment'] as const) {
      for (const bytes of [1, 125, 126, 65_535, 65_536]) {
        world.cloud.faults.set({ tunnels: [{ action, bytes }] });
        const size = bytes < 1_000 ? 20_000 : MIB + 1;
        await exchange(world, `${over} ${action} ${bytes}`, size, 'client close frame');
      }
    }
    await world.idle();
  });

  test(`sessions over ${over} that break at random points have delivered nothing wrong`, async (t) => {
    const world = await World.start({ tls, workers: 2 });
    t.after(() => world.stop());
    const ways = ['target reset', 'target destroyed', 'client destroyed'] as const;
    await Promise.all(
      ways.flatMap((way) =>
        Array.from({ length: 8 }, (_, n) => breakAtRandom(world, `${over} ${way} ${n}`, way)),
      ),
    );
    for (const side of ['device', 'client', 'device', 'client'] as const) {
      const seed = `${over} ${side}`;
      world.cloud.faults.set({ tunnels: [{ action: 'reset', side, afterBytes: breakPoint(seed) }] });
      const ends = await start(world, seed, BROKEN_BYTES);
      await ends.over;
      assertNothingWrong(ends, seed);
    }
    await world.idle();
  });
}

/** Each way, of a session that breaks. */
const BROKEN_BYTES = 4 * MIB;

type Break = 'target reset' | 'target destroyed' | 'client destroyed';

/** Streams both ways and breaks one end once it has got a random number of bytes. */
async function breakAtRandom(world: World, seed: string, way: Break): Promise<void> {
  const ends = await start(world, seed, BROKEN_BYTES);
  const { tunnel, socket, atClient, atTarget, over } = ends;
  const breakAt = breakPoint(seed);
  const [side, check] =
    way === 'client destroyed' ? ([tunnel, atClient] as const) : ([socket, atTarget] as const);
  whenAtLeast(side, check, breakAt, () => {
    if (way === 'target reset') socket.resetAndDestroy();
    else side.destroy();
  });
  await over;
  assertNothingWrong(ends, seed);
  assert.ok(check.bytes >= breakAt, `ended too early, seed ${seed}`);
}

function breakPoint(seed: string): number {
  return Math.floor(randomNumbers(`break of ${seed}`)() * BROKEN_BYTES);
}

function assertNothingWrong({ atClient, atTarget, uplink, downlink }: Ends, seed: string): void {
  assert.equal(atClient.wrongAt, undefined, `a wrong byte of the uplink, seed ${seed}`);
  assert.equal(atTarget.wrongAt, undefined, `a wrong byte of the downlink, seed ${seed}`);
  assert.ok(atClient.bytes <= uplink.source.bytes, `more than was sent, seed ${seed}`);
  assert.ok(atTarget.bytes <= downlink.source.bytes, `more than was sent, seed ${seed}`);
}

function whenAtLeast(stream: Socket | Tunnel, check: SeededCheck, bytes: number, act: () => void): void {
  if (check.bytes >= bytes) return act();
  const onData = (): void => {
    if (check.bytes < bytes) return;
    stream.off('data', onData);
    act();
  };
  stream.on('data', onData);
}
