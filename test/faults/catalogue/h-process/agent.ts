import assert from 'node:assert/strict';
import path from 'node:path';
import { eventually } from '../../../helpers/eventually.js';
import { assertWithin, lapse } from '../../rig/time.js';
import type { Rig } from '../../rig.js';
import { assertOneFinalStatusEach, echo, startScene, untilStatus } from './scene.js';

/** H06: the main thread stands still for 5 s; bytes of tunnels never pass it. */
export async function mainThreadStalls(rig: Rig): Promise<void> {
  const { stand, hand, sessions, plant } = await startScene(rig, 'thread');
  let answered = false;
  hand.run('main', 'for (const end = Date.now() + 5_000; Date.now() < end; );');
  await lapse(500);
  const asked = stand.agent.status().then(() => (answered = true));
  let slowestMs = 0;
  for (let round = 0; round < 10; round += 1) {
    for (const { tunnel } of sessions.values()) {
      const sentAtMs = performance.now();
      await echo(tunnel, `round ${round}`);
      slowestMs = Math.max(slowestMs, performance.now() - sentAtMs);
    }
  }
  assert.equal(answered, false, 'the main thread did not stand still');
  rig.figure('slowest echo ms', slowestMs);
  assertWithin(slowestMs, 100);
  await asked;
  const { totals } = await stand.agent.status();
  assert.equal(totals.workerRestarts, 0, 'workers were blamed');
  await stand.agent.ready();
  await assertOneFinalStatusEach(stand);
  await stand.expectEcho(plant);
}

/** H08: SIGKILL with sessions open and others under way, then started again as a service manager does. */
export async function killed(rig: Rig): Promise<void> {
  const state = { directory: path.join(rig.folder, 'state') };
  const firstAtMs = performance.now();
  const { stand, plant, sessions } = await startScene(rig, 'process', { state });
  const firstMs = performance.now() - firstAtMs;
  const ids = [...sessions.values()].map(({ operationId }) => operationId);
  const dialling = stand.operate({ port: plant.port }, { delayMs: 30_000 });
  await eventually(() => stand.operations().find(({ status }) => status === 'EXECUTING'), 'EXECUTING');
  stand.agent.killAll('SIGKILL');
  await stand.agent.command.ended();
  for (const { targetEnded } of sessions.values()) await targetEnded();
  const startedAtMs = performance.now();
  await stand.launch();
  rig.figure('ready ms', performance.now() - startedAtMs);
  // A machine on which any start takes longer than that says nothing of this one.
  assertWithin(performance.now() - startedAtMs, Math.max(2_000, firstMs));
  const { status, failureReason = '' } = await stand.final(dialling, 5_000);
  assert.equal(status, 'FAILED');
  assert.match(failureReason, /^agent-restarted: /);
  for (const id of ids) assert.equal((await stand.final(id)).status, 'SUCCESSFUL');
  assert.equal(
    stand.operations().some((operation) => operation.status === 'EXECUTING'),
    false,
  );
  await assertOneFinalStatusEach(stand);
  await stand.expectEcho(plant);
}

/** H17: an exception in the main thread: logged, and the process ends for a new one to take over. */
export async function mainThreadThrows(rig: Rig): Promise<void> {
  const state = { directory: path.join(rig.folder, 'state') };
  const { stand, hand, plant } = await startScene(rig, 'thread', { state });
  const { pid: before } = await stand.agent.status();
  hand.run('main', "throw new Error('nobody expected this');");
  const line = await stand.agent.logged('the agent met a fault of its own and ends');
  assert.equal(line.level, 'fatal');
  assert.match(JSON.stringify(line.err), /nobody expected this/);
  await untilStatus(stand, ({ pid }) => pid !== before, 'another process in its place');
  await stand.agent.ready();
  await assertOneFinalStatusEach(stand);
  await stand.expectEcho(plant);
}
