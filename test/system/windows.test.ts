import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { bootMs } from '../../src/cloud/boot-clock.js';
import { eventually } from '../helpers/eventually.js';
import { PlantTarget } from '../helpers/plant.js';
import { World, type WorldOptions } from '../helpers/world.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** `HH:MM`, UTC. */
function clock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 16);
}

/** A world whose cloud has its clock set forward by `forwardMs`. */
async function start(t: TestContext, options: WorldOptions, time: { forwardMs: number }): Promise<World> {
  const world = await World.start({ ...options, cloud: { now: () => Date.now() + time.forwardMs } });
  t.after(() => world.stop());
  return world;
}

async function startTarget(t: TestContext): Promise<PlantTarget> {
  const target = await PlantTarget.listen();
  t.after(() => target.close());
  return target;
}

/** What becomes of an operation on this target; the agent also learns the time from the answers it gets. */
async function attempt(world: World, port: number): Promise<string> {
  const before = world.operations().length;
  const tunnel = await world.open({ port });
  tunnel.on('error', () => undefined).resume();
  const { id } = await eventually(() => world.operations()[before], 'the operation');
  const { status, failureReason } = await world.finalOperation(id);
  return failureReason ?? status;
}

test('a session ends with the window of its conduit, which it is told before, and a new one is refused until it opens', async (t) => {
  const [guarded, free] = [await startTarget(t), await startTarget(t)];
  // Full minutes: the window opened an hour ago and closes in three.
  const nowMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  const closesMs = nowMs + 3 * HOUR_MS;
  const time = { forwardMs: 0 };
  const conduits = [
    {
      name: 'guarded',
      host: '127.0.0.1',
      ports: [guarded.port],
      window: [
        `daily ${clock(nowMs - HOUR_MS)}-${clock(nowMs + HOUR_MS)}`,
        `daily ${clock(nowMs + HOUR_MS)}-${clock(closesMs)}`,
      ],
      timeZone: 'UTC',
    },
    { name: 'free', host: '127.0.0.1', ports: [free.port] },
  ];
  const world = await start(t, { conduits }, time);
  const tunnel = await world.open({ port: guarded.port });
  tunnel.write('still here');
  const [echo] = (await once(tunnel, 'data')) as [Buffer];
  assert.equal(echo.toString(), 'still here');
  const { id } = await world.sessionOpen(guarded.port);

  // Past the seam of the two times: nothing happens.
  time.forwardMs = 2 * HOUR_MS;
  assert.equal(await attempt(world, free.port), 'SUCCESSFUL');
  const view = await eventually(() => {
    const sessions = world.gateway.own.sessions();
    return sessions.find((session) => session.id === id && session.endsAt !== null);
  }, 'when the session ends');
  assert.equal(view.endsBecause, 'window-end');
  assert.ok(Math.abs(Date.parse(view.endsAt ?? '') - closesMs) <= 5_000, view.endsAt ?? '');

  time.forwardMs = closesMs - Date.now() - 3 * MINUTE_MS;
  assert.equal(await attempt(world, free.port), 'SUCCESSFUL');
  const warning = await world.logged('session ends soon', id, '"endsBecause":"window-end"');
  assert.match(warning, /"leftSeconds":1[678]\d/);

  time.forwardMs = closesMs - Date.now() + 10 * MINUTE_MS;
  const ended = once(tunnel.resume(), 'end');
  assert.equal(await attempt(world, free.port), 'SUCCESSFUL');
  await ended;
  await world.logged('session ended', id, '"reason":"window-end"');
  assert.equal((await guarded.connection()).received.toString(), 'still here');
  assert.match(
    await attempt(world, guarded.port),
    new RegExp(
      `^outside-window: 127\\.0\\.0\\.1:${guarded.port} can be reached only .* opens next on .* \\(UTC, `,
    ),
  );
  assert.equal(guarded.connections.length, 1);

  time.forwardMs += 24 * HOUR_MS - 2 * HOUR_MS;
  assert.equal(await attempt(world, free.port), 'SUCCESSFUL');
  assert.equal(await attempt(world, guarded.port), 'SUCCESSFUL');
});

test('a clock of the cloud that is set back does not let a session live on behind its window', async (t) => {
  const [guarded, free] = [await startTarget(t), await startTarget(t)];
  const time = { forwardMs: 0 };
  const nowMs = Date.now();
  const window = `daily ${clock(nowMs - HOUR_MS)}-${clock(nowMs + HOUR_MS)}`;
  const conduits = [
    { name: 'guarded', host: '127.0.0.1', ports: [guarded.port], window, timeZone: 'UTC' },
    { name: 'free', host: '127.0.0.1', ports: [free.port] },
  ];
  const world = await start(t, { conduits }, time);
  await world.open({ port: guarded.port });
  const { term } = await world.sessionOpen(guarded.port);
  const planned = await eventually(() => term.end, 'a planned end');
  time.forwardMs = -HOUR_MS / 2;
  // By the clock that the agent knows so far this one is old; what the cloud answers to that has the new time.
  assert.match(await attempt(world, free.port), /^operation-stale: /);
  await world.logged("the gateway's clock differs from the cloud's");
  world.gateway.supervisor.lookAtClock(bootMs());
  assert.equal(term.end?.elapsedMs, planned.elapsedMs);
});

test('a target that is exclusive has one session at a time, under whichever name it is asked for', async (t) => {
  const target = await startTarget(t);
  const time = { forwardMs: 0 };
  const conduits = [
    { name: 'plc', host: '127.0.0.1', ports: ['*'], exclusive: true },
    { name: 'names', host: 'localhost', ports: ['*'] },
  ];
  const world = await start(t, { conduits }, time);
  const first = await world.open({ port: target.port });
  const { id, operationId } = await world.sessionOpen(target.port);
  const refusal = new RegExp(
    `^target-in-use: .* is in use since .* by operation ${operationId}/plc, and conduit .*: gatehouse close ${id}$`,
  );
  assert.match(await attempt(world, target.port), refusal);
  const byName = await world.open({ hostname: 'localhost', port: target.port });
  byName.on('error', () => undefined).resume();
  assert.match((await world.finalOperation()).failureReason ?? '', refusal);
  assert.equal(target.connections.length, 1);
  await first.close();
  await world.idle();
  assert.equal(await attempt(world, target.port), 'SUCCESSFUL');
});

test('of many that ask for an exclusive target at once exactly one gets it', async (t) => {
  const target = await startTarget(t);
  const conduits = [{ name: 'plc', host: '127.0.0.1', ports: ['*'], exclusive: true }];
  const world = await start(t, { conduits }, { forwardMs: 0 });
  const endpoint = world.endpoint({ port: target.port });
  const asked = Array.from({ length: 12 }, () => world.operator.openTunnel(world.device.id, endpoint));
  for (const tunnel of await Promise.all(asked)) tunnel.on('error', () => undefined).resume();
  const statuses = await eventually(() => {
    const operations = world.operations();
    const isFinal = operations.every(({ status }) => status === 'SUCCESSFUL' || status === 'FAILED');
    return isFinal && operations.length === asked.length ? operations : undefined;
  }, 'twelve final statuses');
  assert.equal(statuses.filter(({ status }) => status === 'SUCCESSFUL').length, 1);
  assert.equal(target.connections.length, 1);
  for (const { status, failureReason } of statuses) {
    if (status === 'FAILED') assert.match(failureReason ?? '', /^target-in-use: /);
  }
});
