import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ControlGroup } from '../../injectors/control-group.js';
import { closedPort } from '../../../helpers/closed-port.js';
import { eventually } from '../../../helpers/eventually.js';
import { lapse } from '../../rig/time.js';
import type { Rig } from '../../rig.js';
import {
  assertOneFinalStatusEach,
  echo,
  ISOLATIONS,
  startScene,
  type Isolation,
  type Scene,
} from './scene.js';

/** Four intervals of pings and one of silence that would end a session, in ms. */
const STOPPED_MS = 20_000;
const SECTIONS = { keepAlive: { webSocketPing: '5s' } };

/** H09: every process of the agent is stopped and goes on. */
export async function stopped(rig: Rig): Promise<void> {
  for (const isolation of ISOLATIONS) {
    await standsStill(rig, isolation, async ({ stand }) => {
      stand.agent.killAll('SIGSTOP');
      await lapse(STOPPED_MS);
      stand.agent.killAll('SIGCONT');
    });
  }
}

/** H10: a frozen control group is what suspending a container does; no process sees it. */
export async function frozen(rig: Rig): Promise<void> {
  const group = ControlGroup.make('freezer');
  rig.atEnd(() => group.remove());
  await standsStill(rig, 'process', async ({ stand }) => {
    group.add(stand.agent.pids);
    group.set('freezer.state', 'FROZEN');
    await lapse(STOPPED_MS);
    group.set('freezer.state', 'THAWED');
  });
}

/** Two sessions, one of whose targets leaves meanwhile. */
async function standsStill(
  rig: Rig,
  isolation: Isolation,
  stop: (scene: Scene) => Promise<void>,
): Promise<void> {
  const scene = await startScene(rig, isolation, SECTIONS);
  const { stand, sessions, plant } = scene;
  const gone = await rig.target();
  const left = await stand.open(gone);
  await echo(left, 'x');
  left.resume();
  const leftId = (await stand.final()).id;
  const stopping = stop(scene);
  await lapse(1_000);
  for (const { socket } of gone.connections) socket.destroy();
  await stopping;
  for (const { tunnel } of sessions.values()) await echo(tunnel, 'still here');
  const { reason } = await stand.agent.logged('session ended', { operationId: leftId });
  assert.ok(reason === 'target-fin' || reason === 'target-reset', String(reason));
  // Long enough for a time-out that was counted wrongly to strike.
  await lapse(11_000);
  for (const { tunnel } of sessions.values()) await echo(tunnel, 'and here');
  const { totals } = await stand.agent.status();
  assert.equal(totals.workerRestarts, 0);
  assert.equal(totals.sessionsActive, 2);
  await stand.agent.ready();
  await assertOneFinalStatusEach(stand);
  await stand.expectEcho(plant);
  await stand.end();
}

/** H14: more endless loops than processors. */
export async function busyProcessors(rig: Rig): Promise<void> {
  const { stand, sessions, plant } = await startScene(rig, 'thread', {
    ...SECTIONS,
    limits: { connectTimeout: '3s' },
  });
  const loops = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['-e', 'const end = Date.now() + 20000; while (Date.now() < end);']),
  );
  rig.atEnd(() => loops.forEach((loop) => loop.kill('SIGKILL')));
  const port = await closedPort();
  rig.network.silence(port);
  const startedAtMs = performance.now();
  let slowestMs = 0;
  while (performance.now() - startedAtMs < 12_000) {
    for (const { tunnel } of sessions.values()) {
      const sentAtMs = performance.now();
      await echo(tunnel, 'x');
      slowestMs = Math.max(slowestMs, performance.now() - sentAtMs);
    }
    const { ms } = await stand.expectFailed('target-timeout', { port });
    assert.ok(ms >= 2_900, `given up after ${ms} ms`);
    await stand.expectEcho(plant);
  }
  rig.figure('slowest echo ms', slowestMs);
  for (const loop of loops) loop.kill('SIGKILL');
  assert.equal((await stand.agent.status()).totals.workerRestarts, 0);
  await stand.agent.ready();
  await assertOneFinalStatusEach(stand);
}

/** H15: each of libuv's four threads computes for seconds, as it would wait for a disk that hangs. */
export async function blockedThreadPool(rig: Rig): Promise<void> {
  await rig.nameServer({ 'plc.example': { a: ['127.0.0.1'] } });
  const { stand, sessions, hand, plant } = await startScene(rig, 'thread', {
    conduits: [
      { name: 'loopback', host: '127.0.0.1', ports: ['*'] },
      { name: 'named', host: 'plc.example', ports: ['*'] },
    ],
  });
  hand.run(
    'main',
    `globalThis.blocked = 8;
     for (let i = 0; i < 8; i += 1) {
       process.getBuiltinModule('node:crypto').pbkdf2('x', 'y', 3_000_000, 64, 'sha512', () => {
         globalThis.blocked -= 1;
         if (globalThis.blocked === 0) process.getBuiltinModule('node:fs').writeFileSync(${JSON.stringify(path.join(rig.folder, 'free'))}, '');
       });
     }`,
  );
  await lapse(300);
  let slowestMs = 0;
  for (let round = 0; round < 10; round += 1) {
    for (const { tunnel } of sessions.values()) {
      const sentAtMs = performance.now();
      await echo(tunnel, `round ${round}`);
      slowestMs = Math.max(slowestMs, performance.now() - sentAtMs);
    }
  }
  rig.figure('slowest echo ms', slowestMs);
  // The journal is on the disk that hangs: without it nothing is begun.
  const { operation, ms } = await stand.outcome(plant, 30_000);
  rig.figure('a new session ms', ms);
  if (operation.status === 'FAILED')
    assert.match(operation.failureReason ?? '', /^local-resources: .* journal /);
  const byName = { hostname: 'plc.example', port: plant.port };
  await eventually(() => existsSync(path.join(rig.folder, 'free')) || undefined, 'a free pool', 60_000);
  const { operation: later } = await stand.outcome(byName);
  assert.equal(later.status, 'SUCCESSFUL', later.failureReason);
  assert.equal((await stand.agent.status()).totals.workerRestarts, 0);
  await assertOneFinalStatusEach(stand);
}
