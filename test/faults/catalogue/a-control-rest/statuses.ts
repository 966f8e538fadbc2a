import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../../../helpers/eventually.js';
import type { Rig } from '../../rig.js';
import { lapse } from '../../rig/time.js';
import { allUp, BACK_MS, ups, works } from '../control/link.js';

/** A20: statuses do not get through for a while, in which the agent is killed. */
export async function statusesFail(rig: Rig): Promise<void> {
  const stand = await rig.start({ sections: { state: { directory: path.join(rig.folder, 'state') } } });
  const target = await rig.target();
  const faults = [{ status: 503 }, { instead: 'silence' as const }, { status: 429 }];
  stand.cloud.faults.set({
    requests: faults.map((fault, index) => ({
      method: 'PUT',
      path: '/devicecontrol/operations/*',
      ...fault,
      ...(index < faults.length - 1 ? { times: 2 } : {}),
    })),
  });
  const ids = [stand.operate(target), stand.operate(target)];
  await eventually(() => target.connections.length === 2 || undefined, 'both sessions');
  await lapse(5_000);
  assert.equal((await stand.agent.sessions()).length, 2, 'sessions go on');
  assert.equal(await stand.agent.metric('gatehouse_status_outbox_size'), 2);
  stand.agent.killAll('SIGKILL');
  await eventually(() => stand.agent.command.hasEnded || undefined, 'the end of the agent');
  await stand.launch({ waitForLink: false });
  await lapse(2_000);
  stand.cloud.faults.clear();
  await eventually(
    () => ids.every((id) => stand.ledger.finalOf(id) !== undefined) || undefined,
    'the statuses of before',
    90_000,
  );
  for (const id of ids) assert.match(stand.ledger.story(id), /^PENDING( EXECUTING)? SUCCESSFUL$/);
  assert.equal(target.connections.length, 2, 'nothing was dialled again');
}

/** A21: the cloud will never take a status. */
export async function statusesRefused(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  for (const status of [404, 409, 422]) {
    const id = stand.operate(target);
    const put = `/devicecontrol/operations/${id}`;
    stand.cloud.faults.set({ requests: [{ method: 'PUT', path: put, status }] });
    await eventually(
      () => stand.cloud.requests.list('PUT', put).length === 2 || undefined,
      'EXECUTING and SUCCESSFUL',
    );
    await stand.agent.logged('the cloud does not take a status; it is dropped', { operationId: id });
  }
  stand.cloud.requests.clear();
  await works(stand, target);
  await lapse(1_000);
  assert.equal(stand.cloud.requests.list('PUT', '/devicecontrol/operations/').length, 2, 'none came again');
  assert.equal(await stand.agent.metric('gatehouse_status_outbox_size'), 0);
}

/** A22: the password changes in the cloud and in its file. */
export async function newPassword(rig: Rig): Promise<void> {
  const file = path.join(rig.folder, 'password');
  const fresh = 'the-new-password-of-gw-7';
  const stand = await rig.start({
    secrets: [fresh],
    before: (_cloud, device) => {
      writeFileSync(file, device.password, { mode: 0o600 });
      return { cloud: { password: undefined, passwordFile: file } };
    },
  });
  const target = await rig.target();
  const tunnel = await stand.open(target);
  await eventually(() => stand.cloud.sessions().length === 1 || undefined, 'the session');
  stand.cloud.platform.users.remove(stand.device.user);
  stand.cloud.platform.users.addDevice(stand.device.externalId, fresh);
  writeFileSync(file, `${fresh}\n`, { mode: 0o600 });
  stand.cloud.forgetRealtimeSessions();
  await ups(stand.agent, 2, BACK_MS);
  await allUp(stand, [stand.operate(target)]);
  const echoed = new Promise((resolve) => tunnel.once('data', resolve));
  tunnel.write('still here');
  assert.equal(String(await echoed), 'still here');
}
