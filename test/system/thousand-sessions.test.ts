import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import type { WebSocket } from 'ws';
import { eventually } from '../helpers/eventually.js';
import { openSockets } from '../helpers/open-sockets.js';
import { dialRaw } from '../helpers/raw-client.js';
import { SeededBytes, SeededCheck } from '../helpers/seeded-bytes.js';
import { TcpTarget } from '../helpers/tcp-target.js';
import { World } from '../helpers/world.js';

const SESSIONS = 1_000;

/** What each session sends and gets back, in messages of these sizes. */
const MESSAGES = [1, 125, 126, 5_000, 20_000];
const BYTES = MESSAGES.reduce((sum, size) => sum + size);

/** Longest time for each step, in ms; with the clients and the cloud in the same thread most of it is theirs. */
const LIMIT_MS = 60_000;

for (const tls of [false, true]) {
  const over = tls ? 'TLS' : 'plain connections';

  test(`a thousand sessions over ${over}, asked for at once, carry their own bytes and leave nothing`, async (t) => {
    const before = openSockets();
    const echo = await TcpTarget.echo();
    const world = await World.start({ tls, workers: 2, limits: { sessionsPerTarget: SESSIONS } });
    try {
      await runAll(t, world, echo);
    } finally {
      await world.stop();
      await echo.stop();
    }
    await eventually(() => openSockets() <= before || undefined, `${before} open sockets as before`);
    await eventually(() => tcpHandles() === 0 || undefined, 'no TCP handle in this thread');
  });
}

async function runAll(t: TestContext, world: World, echo: TcpTarget): Promise<void> {
  const startedMs = performance.now();
  const tell = (what: string): void =>
    t.diagnostic(`${what} after ${Math.round(performance.now() - startedMs)} ms`);
  const endpoint = world.endpoint({ port: echo.port });
  const clients = await Promise.all(
    Array.from({ length: SESSIONS }, () => dialRaw(world, endpoint, LIMIT_MS)),
  );
  await eventually(
    () => finalOperations(world) === SESSIONS || undefined,
    'a thousand final statuses',
    LIMIT_MS,
  );
  assert.deepEqual(failures(world), []);
  assert.equal(world.gateway.supervisor.registry.sessions, SESSIONS);
  assert.equal(world.cloud.sessions().length, SESSIONS);
  tell(`${SESSIONS} sessions open`);

  await Promise.all(clients.map((client, n) => assertOwnEcho(client, `session ${n}`)));
  tell('every echo there');

  const ends = clients.map((client) => once(client, 'close', { signal: AbortSignal.timeout(LIMIT_MS) }));
  for (const client of clients) client.close(1000);
  for (const [code] of await Promise.all(ends)) assert.equal(code, 1000);
  await world.idle();
  tell('all torn down');
}

function finalOperations(world: World): number {
  return world.operations().filter(({ status }) => status === 'SUCCESSFUL' || status === 'FAILED').length;
}

function failures(world: World): unknown[] {
  return world
    .operations()
    .flatMap(({ failureReason }) => (failureReason === undefined ? [] : [failureReason]));
}

function tcpHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
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
