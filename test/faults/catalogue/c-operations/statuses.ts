import assert from 'node:assert/strict';
import { closedPort } from '../../../helpers/closed-port.js';
import { eventually } from '../../../helpers/eventually.js';
import { assertWithin, lapse } from '../../rig/time.js';
import type { Rig } from '../../rig.js';
import type { Stand } from '../../rig/stand.js';
import { assertOneFinalEach, puts } from './traces.js';

const STATUS_PATH = '/devicecontrol/operations/*';

/** Longest time from giving up to the end of the sockets, in ms: two looks of the agent, a second apart. */
const GONE_MS = 2_000;

/** Somebody gives the operation up in the cloud. */
function cancel(stand: Stand, id: string): void {
  stand.cloud.platform.operations.update(id, { status: 'FAILED', failureReason: 'given up: by the user' });
}

/** C07: given up while the tunnel is dialled, while the target is, and while it is open. */
export async function cancelled(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const silentPort = await closedPort();
  rig.network.silence(silentPort);
  for (const [place, delayMs] of [
    [target, 20_000],
    [{ port: silentPort }, 0],
  ] as const) {
    const id = stand.operate(place, { delayMs });
    await eventually(() => stand.ledger.story(id) === 'PENDING EXECUTING' || undefined, 'EXECUTING');
    const startedAt = performance.now();
    cancel(stand, id);
    const isGone = async (): Promise<boolean> => (await stand.agent.sessions()).length === 0;
    while (!(await isGone())) {
      assertWithin(performance.now() - startedAt, GONE_MS);
      await lapse(50);
    }
    rig.figure(`${id} gone after ms`, performance.now() - startedAt);
    // What the user sees is what the user did: nothing is told after it.
    assert.equal(stand.ledger.story(id), 'PENDING EXECUTING FAILED given up');
  }
  const open = stand.operate(target);
  await stand.final(open);
  cancel(stand, open);
  stand.cloud.remoteAccess.resetTunnels();
  await stand.agent.logged('session ended', { operationId: open });
}

/** C10: the cloud takes long for EXECUTING, or answers it 500 at first. */
export async function inOrder(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  for (const fault of [{ latencyMs: 1_000 }, { status: 500 }, { instead: 'reset' as const }]) {
    stand.cloud.faults.set({ requests: [{ method: 'PUT', path: STATUS_PATH, times: 1, ...fault }] });
    const id = stand.operate(target);
    await stand.final(id);
    assert.equal(stand.ledger.story(id), 'PENDING EXECUTING SUCCESSFUL');
  }
  await assertOneFinalEach(stand);
}

/** C11: the cloud refuses EXECUTING for good. */
export async function refusedExecuting(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  stand.cloud.faults.set({ requests: [{ method: 'PUT', path: STATUS_PATH, times: 1, status: 409 }] });
  const id = stand.operate(target);
  await stand.agent.logged('the cloud does not take a status; it is dropped', { operationId: id });
  await stand.final(id);
  assert.equal(stand.ledger.story(id), 'PENDING SUCCESSFUL');
  assert.equal(puts(stand, id), 2, 'not sent again');
  await stand.expectEcho(target);
}
