import assert from 'node:assert/strict';
import { eventually } from '../../../helpers/eventually.js';
import type { ToxicProxy } from '../../injectors/toxic-proxy.js';
import type { Rig, StartOptions } from '../../rig.js';
import type { Stand } from '../../rig/stand.js';
import { assertWithin, lapse } from '../../rig/time.js';
import { allUp, BACK_MS, down, ups, works } from '../control/link.js';
import { clientOf, mqttOf } from './side.js';

/** A stand whose agent reaches the broker through a proxy that can go away. */
async function behindProxy(
  rig: Rig,
  options: StartOptions = {},
): Promise<{ stand: Stand; broker: ToxicProxy }> {
  const stand = await rig.start({ ...options, intake: 'mqtt', launch: false });
  const broker = await rig.proxyTo(Number(new URL(stand.cloud.mqttUrl ?? '').port));
  stand.configure({ ...options.sections, intake: { mqttUrl: `mqtt://127.0.0.1:${broker.port}` } });
  await stand.launch();
  await clientOf(stand);
  return { stand, broker };
}

/** B11: the broker is silent from now on. */
export async function silent(rig: Rig): Promise<void> {
  const stand = await rig.start({ intake: 'mqtt' });
  await clientOf(stand);
  rig.network.silence(Number(new URL(stand.cloud.mqttUrl ?? '').port));
  const startedAt = performance.now();
  await down(stand.agent, /./, 60_000);
  const ms = performance.now() - startedAt;
  rig.figure('noticed after ms', ms);
  assertWithin(ms, 30_000);
  rig.network.clear();
  await ups(stand.agent, 2, 60_000);
  await works(stand, await rig.target());
}

/** B12: the broker is gone for a while, and knows nobody when it is back. */
export async function brokerGone(rig: Rig): Promise<void> {
  const { stand, broker } = await behindProxy(rig);
  const target = await rig.target();
  broker.set({ refuse: 'reset' });
  broker.reset();
  await down(stand.agent, /./);
  const id = stand.operate(target);
  await lapse(3_000);
  broker.set({});
  await ups(stand.agent, 2);
  await allUp(stand, [id]);
  assert.ok(stand.cloud.requests.list('GET', '/devicecontrol/operations?').length >= 2, 'swept again');
  await works(stand, target);
}

/** B13: a session comes up while the broker is away. */
export async function statusWaits(rig: Rig): Promise<void> {
  const { stand, broker } = await behindProxy(rig);
  const target = await rig.target();
  const id = stand.operate(target, { delayMs: 2_000 });
  await eventually(() => stand.ledger.story(id) === 'PENDING EXECUTING' || undefined, 'EXECUTING');
  broker.set({ refuse: 'reset' });
  broker.reset();
  await stand.agent.logged('session open');
  await lapse(1_000);
  assert.equal(stand.ledger.finalOf(id), undefined);
  assert.equal(await stand.agent.metric('gatehouse_status_outbox_size'), 1);
  broker.set({});
  assert.equal((await stand.final(id, BACK_MS)).status, 'SUCCESSFUL');
  // The PUBACK of EXECUTING may have been lost with the connection.
  stand.ledger.assertOneFinalStatusEach({ repeats: true });
}

/** B14: the broker takes statuses, but says so to nobody. */
export async function noPuback(rig: Rig): Promise<void> {
  const stand = await rig.start({ intake: 'mqtt' });
  await clientOf(stand);
  mqttOf(stand.cloud).faults.droppedAcknowledgements = 2;
  const id = stand.operate(await rig.target());
  await eventually(() => stand.ledger.finalOf(id), 'the final status', 90_000);
  await eventually(
    () => mqttOf(stand.cloud).faults.droppedAcknowledgements === 0 || undefined,
    'both losses',
    90_000,
  );
  await lapse(1_000);
  stand.ledger.assertOneFinalStatusEach({ repeats: true });
  assert.match(stand.ledger.story(id), /^PENDING( EXECUTING)+( SUCCESSFUL)+$/);
}

/** B18: what was created while nobody was connected. */
export async function createdWhileDown(rig: Rig): Promise<void> {
  const stand = await rig.start({ intake: 'mqtt' });
  const target = await rig.target();
  await clientOf(stand);
  mqttOf(stand.cloud).faults.connackCode = { value: 3, times: 2 };
  mqttOf(stand.cloud).dropConnections();
  await down(stand.agent, /./);
  const ids = [stand.operate(target), stand.operate(target)];
  await allUp(stand, ids, BACK_MS);
  await ups(stand.agent, 2);
  assert.equal(target.connections.length, ids.length);
}
