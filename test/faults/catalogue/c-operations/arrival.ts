import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Clock } from '../../injectors/clock.js';
import { eventually } from '../../../helpers/eventually.js';
import { assertWithin, lapse } from '../../rig/time.js';
import type { Rig } from '../../rig.js';
import { assertOneFinalEach, dials, puts, repeat, StatusLog } from './traces.js';

/** Members of the fragment that make an operation unusable, and the field that the refusal has to name. */
const MALFORMED: readonly (readonly [field: string, members: object])[] = [
  ['hostname', { hostname: '' }],
  ['hostname', { hostname: 'no host\nname' }],
  ['hostname', { hostname: 17 }],
  ['port', { port: 0 }],
  ['port', { port: 65_536 }],
  ['port', { port: '22x' }],
  ['connectionKey', { connectionKey: '../../inventory' }],
  ['connectionKey', { connectionKey: undefined }],
];

/** C01: every field that can be wrong, and a fragment that is no object. */
export async function malformed(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const good = { hostname: '127.0.0.1', port: target.port };
  for (const [field, members] of MALFORMED) {
    const fragment = { ...good, connectionKey: randomUUID(), ...members };
    const { id } = stand.cloud.createOperation(stand.device.id, { c8y_RemoteAccessConnect: fragment });
    const { failureReason = '' } = await stand.final(id);
    assert.match(failureReason, new RegExp(`^invalid-operation: .*${field}`));
    assert.equal(stand.ledger.story(id), 'PENDING FAILED invalid-operation');
  }
  const { id } = stand.cloud.createOperation(stand.device.id, { c8y_RemoteAccessConnect: 'no object' });
  await stand.final(id);
  assert.equal(target.connections.length, 0, 'the target was dialled');
  assert.deepEqual(stand.cloud.requests.list('GET', '/service/remoteaccess/device/'), []);
  await stand.expectEcho(target);
}

/** C02: a child device that the configuration does not name. */
export async function strangerDevice(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const deviceId = stand.cloud.addChild(stand.device.id, 'stranger').id;
  const id = stand.operate(target, { deviceId });
  const { failureReason = '' } = await stand.final(id);
  assert.match(failureReason, /^invalid-operation: .*device\.children/);
  assert.equal(stand.ledger.story(id), 'PENDING FAILED invalid-operation');
  assert.equal(target.connections.length, 0);
  await stand.expectEcho(target);
}

/** C03: a child that it names, over both intakes. */
export async function childDevice(rig: Rig): Promise<void> {
  for (const intake of ['rest', 'mqtt'] as const) {
    const stand = await rig.start({
      intake,
      sections: { device: { children: [{ externalId: 'plc-1', name: 'PLC 1' }] } },
    });
    const target = await rig.target();
    const deviceId = await eventually(
      () => stand.cloud.platform.deviceBySerial('plc-1')?.id,
      'the child device',
    );
    const id = stand.operate(target, { deviceId });
    await stand.final(id);
    assert.equal(stand.ledger.story(id), 'PENDING EXECUTING SUCCESSFUL');
    assert.equal((await stand.agent.sessions())[0]?.deviceId, deviceId);
    await stand.end();
  }
}

/** C04: a restart, which is somebody else's to do. */
export async function foreignKind(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const { id } = stand.cloud.createOperation(stand.device.id, { c8y_Restart: {} });
  // One that is ours and comes behind it is handled, so the other one has been looked at.
  await stand.expectEcho(await rig.target());
  assert.equal(stand.cloud.platform.operations.get(id).status, 'PENDING');
  assert.equal(puts(stand, id), 0);
}

/** C05: a hundred deliveries while it dials, while it is open, and after its end. */
export async function duplicates(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const statuses = new StatusLog(stand);
  const id = stand.operate(target, { delayMs: 1_500 });
  await eventually(() => statuses.of(id).length === 1 || undefined, 'EXECUTING');
  repeat(stand, id, 100);
  assert.equal((await stand.final(id)).status, 'SUCCESSFUL');
  repeat(stand, id, 100);
  await stand.expectEcho(target);
  stand.cloud.remoteAccess.resetTunnels();
  await stand.agent.logged('session ended', { operationId: id });
  repeat(stand, id, 100);
  await stand.expectEcho(target);
  assert.equal(dials(stand, id), 1);
  assert.deepEqual(statuses.of(id), ['EXECUTING', 'SUCCESSFUL']);
}

/** C05: the cloud took the final status and shows PENDING a minute later. */
export async function forgottenStatus(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const statuses = new StatusLog(stand);
  const id = stand.operate(target);
  await stand.final(id);
  await eventually(() => statuses.of(id).length === 2 || undefined, 'both statuses');
  // The agent does not send it again within a minute, so that a slow cloud is not told twice.
  await lapse(61_000);
  stand.cloud.platform.operations.update(id, { status: 'PENDING' });
  repeat(stand, id, 1);
  await stand.final(id);
  assert.deepEqual(statuses.of(id), ['EXECUTING', 'SUCCESSFUL', 'SUCCESSFUL']);
  assert.equal(dials(stand, id), 1);
}

/** C06: two operations with one key. */
export async function sharedKey(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const connectionKey = randomUUID();
  stand.cloud.remoteAccess.answers.set(connectionKey, { status: 101, delayMs: 200 });
  const fragment = { hostname: '127.0.0.1', port: target.port, connectionKey };
  const create = (): string =>
    stand.cloud.createOperation(stand.device.id, { c8y_RemoteAccessConnect: fragment }).id;
  const [first, second] = [create(), create()];
  assert.equal((await stand.final(first)).status, 'SUCCESSFUL');
  assert.match((await stand.final(second)).failureReason ?? '', /^invalid-operation: .*key was already used/);
  assert.equal(target.connections.length, 1);
  await assertOneFinalEach(stand);
}

/** C08: created longer ago than `intake.operationAge`. */
export async function stale(rig: Rig): Promise<void> {
  let ageMs = 600_000;
  const stand = await rig.start({ launch: false, cloud: { now: () => Date.now() - ageMs } });
  const target = await rig.target();
  const id = stand.operate(target);
  ageMs = 0;
  await stand.launch();
  assert.match((await stand.final(id)).failureReason ?? '', /^operation-stale: The request was 6\d\d s old/);
  assert.equal(stand.ledger.story(id), 'PENDING FAILED operation-stale');
  assert.equal(target.connections.length, 0);
  assert.equal(dials(stand, id), 0);
  await stand.expectEcho(target);
}

/** C09: the gateway's clock is an hour behind the cloud's, so that every operation is from the future. */
export async function fromTheFuture(rig: Rig): Promise<void> {
  const clock = new Clock(rig.folder);
  clock.set('-1h');
  const stand = await rig.start({ env: clock.env });
  const { skewMs } = await stand.agent.logged("the gateway's clock differs from the cloud's");
  rig.figure('skew ms', Number(skewMs));
  assert.ok(Math.abs(Math.abs(Number(skewMs)) - 3_600_000) < 5_000, String(skewMs));
  const target = await rig.target();
  const { operation, ms } = await stand.outcome(target);
  assert.equal(operation.status, 'SUCCESSFUL');
  assertWithin(ms, 1_000);
  // One that is too old is too old by the cloud's clock.
  clock.set('+1h');
  await stand.expectEcho(target);
}
