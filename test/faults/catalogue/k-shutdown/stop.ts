import assert from 'node:assert/strict';
import type { Tunnel } from '../../../../src/cli/connect/tunnel.js';
import { eventually } from '../../../helpers/eventually.js';
import * as gen from '../../../helpers/generations.js';
import type { PlantTarget } from '../../../helpers/plant.js';
import { assertWithin } from '../../rig/time.js';
import type { Stand } from '../../rig/stand.js';
import type { Rig } from '../../rig.js';

/** Sessions that a row has open when the end comes. */
const SESSIONS = 20;

async function openAll(stand: Stand, target: PlantTarget): Promise<Tunnel[]> {
  const tunnels = await Promise.all(Array.from({ length: SESSIONS }, () => stand.open(target)));
  for (const tunnel of tunnels) tunnel.resume();
  await eventually(() => stand.ledger.finished === SESSIONS || undefined, 'all sessions open');
  return tunnels;
}

/** K01: an orderly end: nothing new is claimed, every session gets its close frame and its FIN. */
export async function terminated(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const tunnels = await openAll(stand, target);
  const startedAt = performance.now();
  stand.agent.kill('SIGTERM');
  await stand.agent.logged('ending sessions');
  const late = stand.operate(target);
  await endedCleanly(tunnels, target);
  assert.equal((await stand.agent.command.ended()).code, 0);
  const ms = performance.now() - startedAt;
  rig.figure('end ms', ms);
  assertWithin(ms, 10_000);
  assert.equal(stand.ledger.story(late), 'PENDING');
}

/** K02: the second signal ends everything at once; what the cloud was not told, the next run tells. */
export async function terminatedTwice(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const stuck = await rig.target((socket) => socket.pause());
  const tunnel = await stand.open(stuck);
  tunnel.write(Buffer.alloc(24 * 1_048_576));
  await stand.final();
  // The cloud takes no status any more, so that one is left.
  stand.cloud.faults.set({ requests: [{ method: 'PUT', instead: 'silence' }] });
  const id = stand.operate(await rig.target());
  await stand.agent.logged('session open', { operationId: id });
  const pids = stand.agent.pids;
  stand.agent.kill('SIGTERM');
  await stand.agent.logged('ending sessions');
  const startedAt = performance.now();
  stand.agent.kill('SIGTERM');
  assert.equal((await stand.agent.command.ended()).code, 1);
  await eventually(() => !pids.some(gen.isAlive) || undefined, 'the end of all processes');
  rig.figure('end ms', performance.now() - startedAt);
  assertWithin(performance.now() - startedAt, 1_000);
  stand.cloud.faults.clear();
  await stand.launch();
  await stand.final(id);
  stand.ledger.assertOneFinalStatusEach();
}

/** K09: as an init system does it that signals every process there is. */
export async function machineStops(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const tunnels = await openAll(stand, target);
  await gen.reload(stand.agent);
  const startedAt = performance.now();
  stand.agent.killAll('SIGTERM');
  await endedCleanly(tunnels, target);
  assert.equal((await stand.agent.command.ended()).code, 0);
  rig.figure('end ms', performance.now() - startedAt);
  assertWithin(performance.now() - startedAt, 10_000);
  stand.ledger.assertOneFinalStatusEach();
}

async function endedCleanly(tunnels: readonly Tunnel[], target: PlantTarget): Promise<void> {
  for (const tunnel of tunnels) {
    const ending = await eventually(() => tunnel.ending, 'the end of the tunnel');
    assert.deepEqual(ending, { code: 1001, detail: 'shutdown' });
  }
  for (const connection of target.connections) assert.equal(await connection.ended(), 'fin');
}
