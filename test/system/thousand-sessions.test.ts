import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WebSocket } from 'ws';
import { eventually } from '../helpers/eventually.js';
import { openSockets } from '../helpers/open-sockets.js';
import { dialRaw } from '../helpers/raw-client.js';
import { SeededBytes, SeededCheck } from '../helpers/seeded-bytes.js';
import { closed } from '../helpers/simulator/tunnel-ends.js';
import { TcpTarget } from '../helpers/tcp-target.js';
import { World } from '../helpers/world.js';

const SESSIONS = 1_000;

/** What each session sends and gets back, in messages of these sizes. */
const MESSAGES = [1, 125, 126, 5_000, 20_000];
const BYTES = MESSAGES.reduce((sum, size) => sum + size);

/** Longest time for all of them, in ms; with the clients and the cloud in the same process this is mostly theirs. */
const LIMIT_MS = 60_000;

test('a thousand sessions asked for at once all open, carry their own bytes, and leave nothing', async (t) => {
  const before = openSockets();
  const world = await World.start({ workers: 2, limits: { sessionsPerTarget: SESSIONS } });
  const echo = await TcpTarget.echo();
  const endpoint = world.endpoint({ port: echo.port });
  const startedMs = performance.now();

  const clients = await Promise.all(
    Array.from({ length: SESSIONS }, async (_, n) => ({ n, client: await dialRaw(world, endpoint) })),
  );
  const { registry } = world.gateway.supervisor;
  await eventually(() => openCount(world) === SESSIONS || undefined, 'a thousand open sessions', LIMIT_MS);
  t.diagnostic(`${SESSIONS} sessions open after ${Math.round(performance.now() - startedMs)} ms`);
  assert.equal(registry.sessions, SESSIONS);
  assert.equal(world.cloud.sessions().length, SESSIONS);

  await Promise.all(clients.map(({ n, client }) => assertOwnEcho(client, `session ${n}`)));
  t.diagnostic(`every echo is there after ${Math.round(performance.now() - startedMs)} ms`);

  const statuses = world.operations().map(({ status }) => status);
  await eventually(
    () => world.operations().every(({ status }) => status === 'SUCCESSFUL') || undefined,
    'statuses',
  );
  assert.equal(statuses.length, SESSIONS);

  const ends = clients.map(({ client }) => closed(client));
  for (const { client } of clients) client.close(1000);
  for (const { code } of await Promise.all(ends)) assert.equal(code, 1000);
  await world.idle();
  t.diagnostic(`all torn down after ${Math.round(performance.now() - startedMs)} ms`);
  await world.stop();
  await echo.stop();
  await eventually(() => openSockets() <= before || undefined, `${before} open sockets as before`);
  await eventually(() => tcpHandles().length === 0 || undefined, 'no TCP handle in this thread');
});

function tcpHandles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'));
}

function openCount(world: World): number {
  return [...world.gateway.supervisor.registry.all()].filter(({ state }) => state === 'open').length;
}

async function assertOwnEcho(client: WebSocket, seed: string): Promise<void> {
  const check = new SeededCheck(seed);
  const source = new SeededBytes(seed);
  client.on('message', (message) => check.take(message as Buffer));
  for (const size of MESSAGES) client.send(source.next(size));
  await eventually(() => check.bytes >= BYTES || undefined, `the echo of ${seed}`, LIMIT_MS);
  assert.equal(check.wrongAt, undefined, `a wrong byte in ${seed}`);
  assert.equal(check.digest(), source.digest());
}
