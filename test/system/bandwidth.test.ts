import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { Tunnel } from '../../src/cli/connect/tunnel.js';
import { startAgent, startTarget } from '../helpers/agent-scene.js';
import { eventually } from '../helpers/eventually.js';
import * as gen from '../helpers/generations.js';
import { PlantTarget } from '../helpers/plant.js';
import { SeededBytes, SeededCheck } from '../helpers/seeded-bytes.js';
import { World, type WorldOptions } from '../helpers/world.js';

const MIB = 1_048_576;

async function start(t: TestContext, options: WorldOptions): Promise<World> {
  const world = await World.start(options);
  t.after(() => world.stop());
  return world;
}

async function listen(t: TestContext, onSocket?: (socket: Socket) => void): Promise<PlantTarget> {
  const target = await PlantTarget.listen(onSocket);
  t.after(() => target.close());
  return target;
}

/** Sends as fast as it is taken, for ever. */
function pour(socket: Socket): void {
  const chunk = Buffer.alloc(65_536, 'x');
  const write = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', write).on('error', () => undefined);
  write();
}

/** Bytes that come out of a tunnel. */
function counted(tunnel: Tunnel): { bytes: number } {
  const count = { bytes: 0 };
  tunnel.on('error', () => undefined).on('data', (chunk: Buffer) => (count.bytes += chunk.length));
  return count;
}

async function rateOf(count: { bytes: number }, bytes: number): Promise<number> {
  // What was saved up goes first.
  await eventually(() => count.bytes >= MIB / 4 || undefined, 'the first bytes');
  const [fromBytes, fromMs] = [count.bytes, performance.now()];
  await eventually(() => count.bytes >= fromBytes + bytes || undefined, `${bytes} bytes`);
  return ((count.bytes - fromBytes) * 1_000) / (performance.now() - fromMs);
}

for (const tls of [false, true]) {
  test(`a session moves no more than its conduit lets through, ${tls ? 'over TLS' : 'plain'}`, async (t) => {
    const target = await listen(t, pour);
    const conduits = [{ name: 'slow', host: '127.0.0.1', ports: ['*'], bandwidth: '1MiB/s' }];
    const world = await start(t, { tls, conduits });
    const rate = await rateOf(counted(await world.open({ port: target.port })), 3 * MIB);
    t.diagnostic(`${Math.round(rate / 1_024)} KiB/s of 1024`);
    // A machine that is busy moves less; it never moves more.
    assert.ok(rate < 1.1 * MIB, String(rate));
  });
}

test('every byte arrives, in order and both ways, when either side closes behind it', async (t) => {
  const sizes = { up: 300_000, down: 200_000 };
  for (const closes of ['target', 'cloud'] as const) {
    const up = new SeededBytes('up');
    const target = await listen(t, (socket) => {
      const sent = up.next(sizes.up);
      if (closes === 'target') socket.end(sent);
      else socket.write(sent);
    });
    const conduits = [{ name: 'slow', host: '127.0.0.1', ports: ['*'], bandwidth: '2Mbit/s' }];
    const world = await World.start({ conduits });
    const tunnel = await world.open({ port: target.port });
    const check = new SeededCheck('up');
    tunnel.on('data', (chunk: Buffer) => check.take(chunk));
    const sent = new SeededBytes('down').next(sizes.down);
    tunnel.write(sent);
    const connection = await target.connection();
    if (closes === 'target') await once(tunnel, 'end');
    else {
      await eventually(() => check.bytes === sizes.up || undefined, 'all bytes of the target');
      await eventually(
        () => connection.received.length === sizes.down || undefined,
        'all bytes for the target',
      );
      await tunnel.close();
      assert.equal(await connection.ended(), 'fin');
    }
    assert.equal(check.bytes, sizes.up);
    assert.equal(check.wrongAt, undefined);
    await eventually(
      () => connection.received.length === sizes.down || undefined,
      'all bytes for the target',
    );
    assert.ok(connection.received.equals(sent));
    await world.stop();
  }
});

test('bulk copies share the rate of the gateway in equal parts, over all workers, and a keystroke passes them', async (t) => {
  const [bulk, echo] = [await listen(t, pour), await listen(t)];
  const world = await start(t, { workers: 2, limits: { bandwidth: '4MiB/s' } });
  const counts: { bytes: number }[] = [];
  for (let copies = 0; copies < 4; copies += 1) counts.push(counted(await world.open({ port: bulk.port })));
  const keys = await world.open({ port: echo.port });
  const sum = (): number => counts.reduce((total, { bytes }) => total + bytes, 0);
  await eventually(() => sum() >= 2 * MIB || undefined, 'the copies under way');
  const before = counts.map(({ bytes }) => bytes);
  const behind: number[] = [];
  const fromMs = performance.now();
  for (let stroke = 0; stroke < 60; stroke += 1) {
    const atBytes = sum();
    keys.write('k');
    await once(keys, 'data');
    behind.push(sum() - atBytes);
    await eventually(
      () => sum() >= before.reduce((a, b) => a + b, 0) + (stroke * 8 * MIB) / 60 || undefined,
      'bulk',
    );
  }
  const rate = ((sum() - before.reduce((a, b) => a + b, 0)) * 1_000) / (performance.now() - fromMs);
  const parts = counts.map(({ bytes }, index) => bytes - (before[index] ?? 0));
  const median = behind.sort((a, b) => a - b)[30] ?? 0;
  t.diagnostic(
    `${Math.round(rate / 1_024)} KiB/s of 4096; parts ${parts.join(' ')}; bytes before an echo: median ${median}`,
  );
  assert.ok(rate < 4.4 * MIB, String(rate));
  assert.ok(Math.max(...parts) < 2 * Math.min(...parts), parts.join(' '));
  // A session that had to wait for its part would come behind a read of each copy, and behind what is owed.
  assert.ok(median < MIB / 2, String(median));
});

test('sessions of the generation before a reload share the rate with those behind it', async (t) => {
  const agent = await startAgent(t, { sections: { limits: { bandwidth: '2MiB/s' } } });
  const target = await startTarget(t, pour);
  const counts = [counted(await agent.open(target))];
  await gen.reload(agent);
  counts.push(counted(await agent.open(target)), counted(await agent.open(target)));
  const sum = (): number => counts.reduce((total, { bytes }) => total + bytes, 0);
  const fresh = sum();
  await eventually(() => sum() >= fresh + 2 * MIB || undefined, 'the copies under way');
  const [before, fromMs] = [counts.map(({ bytes }) => bytes), performance.now()];
  const fromBytes = sum();
  await eventually(() => sum() >= fromBytes + 10 * MIB || undefined, 'ten MiB');
  const rate = ((sum() - fromBytes) * 1_000) / (performance.now() - fromMs);
  const parts = counts.map(({ bytes }, index) => bytes - (before[index] ?? 0));
  t.diagnostic(`${Math.round(rate / 1_024)} KiB/s of 2048; parts ${parts.join(' ')}`);
  assert.ok(rate < 2.2 * MIB, String(rate));
  // Without a share of its own the elder's session would have the whole rate, twice what the other two have together.
  assert.ok(Math.max(...parts) < 2 * Math.min(...parts), parts.join(' '));
});
