import assert from 'node:assert/strict';
import { eventually } from '../../../helpers/eventually.js';
import type { Rig } from '../../rig.js';
import { assertWithin, lapse } from '../../rig/time.js';
import { allUp, BACK_MS, down, NOTIFICATIONS, ups, works } from '../control/link.js';

/** A14: operations are created during an outage. */
export async function createdWhileDown(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  await stand.cloud.goDown();
  await down(stand.agent, /cannot be reached/);
  const ids = [stand.operate(target), stand.operate(target)];
  await stand.cloud.comeBack();
  await ups(stand.agent, 2);
  const upAt = performance.now();
  await eventually(() => ids.every((id) => stand.ledger.story(id) !== 'PENDING') || undefined, 'the sweep');
  const ms = performance.now() - upAt;
  rig.figure('found after ms', ms);
  assertWithin(ms, 1_000);
  await allUp(stand, ids);
}

/** A15: what the sweep has found comes by notification too, several times. */
export async function twice(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  stand.cloud.realtime.faults.duplicateDeliveries = 3;
  const id = stand.operate(target);
  const document = Buffer.from(JSON.stringify(stand.operations().find((one) => one.id === id)));
  await allUp(stand, [id]);
  stand.cloud.realtime.deliverRaw(stand.device.id, document);
  // Swept PENDING again: its status is lost in the cloud.
  stand.cloud.forgetRealtimeSessions();
  await ups(stand.agent, 2);
  stand.cloud.realtime.deliverRaw(stand.device.id, document);
  await works(stand, target);
  assert.equal(target.connections.length, 2, 'one for each operation');
  stand.ledger.assertOneFinalStatusEach();
}

/** A16: the link goes silent; nothing but time tells. */
export async function silent(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const port = Number(new URL(stand.cloud.url).port);
  await eventually(
    () => stand.cloud.requests.list('POST', NOTIFICATIONS).length >= 2 || undefined,
    'a subscription',
  );
  await lapse(500);
  rig.network.silence(port);
  const startedAt = performance.now();
  const id = stand.operate(target);
  await down(stand.agent, /./, 60_000);
  const ms = performance.now() - startedAt;
  rig.figure('noticed after ms', ms);
  assertWithin(ms, 35_000);
  rig.network.clear();
  await ups(stand.agent, 2, 60_000);
  await allUp(stand, [id], BACK_MS);
}

/** A25: three hundred operations in three seconds, most of them beyond a limit. */
export async function tooMany(rig: Rig): Promise<void> {
  const stand = await rig.start({ sections: { limits: { sessionsPerTarget: 100 } } });
  const target = await rig.target();
  await stand.agent.metrics();
  const ids: string[] = [];
  for (let step = 0; step < 30; step += 1) {
    for (let count = 0; count < 10; count += 1) ids.push(stand.operate(target));
    await lapse(100);
  }
  await eventually(
    () => ids.every((id) => stand.ledger.finalOf(id) !== undefined) || undefined,
    'every final status',
    BACK_MS,
  );
  const stories = ids.map((id) => stand.ledger.story(id));
  assert.equal(stories.filter((story) => story === 'PENDING EXECUTING SUCCESSFUL').length, 100);
  assert.equal(stories.filter((story) => story === 'PENDING FAILED limit-reached').length, 200);
  const lagMs = (await stand.agent.metric('nodejs_eventloop_lag_max_seconds')) * 1_000;
  rig.figure('longest stall of main ms', lagMs);
  assertWithin(lagMs, 200);
}
