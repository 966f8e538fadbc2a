import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { PlantTarget } from '../../../helpers/plant.js';
import { command } from '../../injectors/command.js';
import { ControlGroup } from '../../injectors/control-group.js';
import { Tracer } from '../../injectors/tracer.js';
import type { Stand } from '../../rig/stand.js';
import type { Rig } from '../../rig.js';
import { assertOneFinalStatusEach, echo, ISOLATIONS, startScene, untilStatus } from './scene.js';

const MIB = 1_048_576;

/** Runs the collector; it is not to be had without the flag. */
const COLLECT = `
  process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
  process.getBuiltinModule('node:vm').runInNewContext('gc')();
`;

/** A session whose target reads nothing, with more on its way than every buffer takes. */
async function stalledSession(rig: Rig, stand: Stand) {
  const deaf = await PlantTarget.listen((socket) => void socket.pause());
  rig.atEnd(() => deaf.close());
  const tunnel = await stand.open({ port: deaf.port });
  tunnel.resume();
  const { id } = await stand.final();
  tunnel.write(Buffer.alloc(32 * MIB));
  return { tunnel, id };
}

/** H04: memory that is used for something else; nothing new is begun, and what holds most ends. */
export async function memoryIsShort(rig: Rig): Promise<void> {
  for (const isolation of ISOLATIONS) {
    const scene = await startScene(rig, isolation, { limits: { memory: '600MiB' } });
    const { stand, hand, sessions, plant } = scene;
    const stalled = await stalledSession(rig, stand);
    let used = 0;
    await untilStatus(
      stand,
      ({ workers, resources }) => {
        used = resources.find(({ resource }) => resource === 'memory')?.used ?? 0;
        return workers.some(({ heldBytes }) => heldBytes >= 32_768);
      },
      'a session that holds much',
    );
    const ballast = Math.ceil(0.97 * 600 * MIB - used);
    assert.ok(ballast > 0, `${used} bytes are in use already`);
    hand.run('main', `globalThis.ballast = Buffer.alloc(${ballast}, 1);`);
    await stand.expectSessionEnd('overload', stalled.id);
    const { operation } = await stand.expectFailed('overloaded', plant);
    assert.match(operation.failureReason ?? '', /short of memory: \d+ of 600 MiB/);
    for (const { tunnel } of sessions.values()) await echo(tunnel, 'still here');
    hand.run('main', 'globalThis.ballast = undefined;' + COLLECT);
    await untilStatus(
      stand,
      ({ resources }) =>
        resources.some(({ resource, used: now, limit }) => resource === 'memory' && now < 0.8 * limit),
      'memory again',
    );
    await assertOneFinalStatusEach(stand);
    await stand.expectEcho(plant);
    await stand.end();
  }
}

/** H11: room for a handful of sessions; the reserve is for all else. */
export async function noDescriptors(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const plant = await rig.target();
  const { pid } = await stand.agent.status();
  const open = readdirSync(`/proc/${pid}/fd`).length;
  command('prlimit', ['--pid', String(pid), `--nofile=${open + 64 + 10}:`]);
  await untilStatus(
    stand,
    ({ resources }) => resources.some(({ limit }) => limit === open + 74),
    'the new limit',
  );
  const tunnels = [];
  for (let session = 0; session < 12; session += 1) {
    const id = stand.operate(plant);
    const { status, failureReason = '' } = await stand.final(id);
    if (status === 'SUCCESSFUL') tunnels.push(id);
    else assert.match(failureReason, /^overloaded: The gateway is short of file descriptors: \d+ of \d+/);
  }
  rig.figure('sessions', tunnels.length);
  assert.ok(tunnels.length >= 1 && tunnels.length <= 5, `${tunnels.length} sessions`);
  assert.match((await stand.agent.ask('status')).stdout, /descriptors \d\d %/);
  await stand.agent.ready();
  // The control connection can be made anew as well.
  stand.cloud.cutLongPolls();
  await stand.agent.ready();
  stand.cloud.remoteAccess.resetTunnels();
  await untilStatus(stand, ({ totals }) => totals.sessionsActive === 0, 'no session');
  command('prlimit', ['--pid', String(pid), '--nofile=4096:']);
  await untilStatus(stand, ({ resources }) => resources.some(({ limit }) => limit === 4_096), 'more room');
  await assertOneFinalStatusEach(stand);
  await stand.expectEcho(plant);
}

/** H12: the whole system is out of descriptors: sockets cannot be made, and every other connection not be accepted. */
export async function systemHasNoDescriptors(rig: Rig): Promise<void> {
  const { stand, sessions, plant } = await startScene(rig, 'thread');
  const { pid } = await stand.agent.status();
  const tracer = await Tracer.attach(pid, 'socket:error=ENFILE', 'accept4:error=ENFILE:when=1+2');
  rig.atEnd(() => tracer.detach());
  const id = stand.operate(plant);
  const { code } = await stand.agent.logged('session failed', { operationId: id });
  assert.equal(code, 'local-resources');
  for (const { tunnel } of sessions.values()) await echo(tunnel, 'still here');
  let answers = 0;
  for (let ask = 0; ask < 8; ask += 1) {
    await fetch(`${stand.agent.adminUrl}/healthz`, { headers: { connection: 'close' } }).then(
      () => (answers += 1),
      () => undefined,
    );
  }
  rig.figure('answers of 8', answers);
  assert.ok(answers >= 1, 'the admin listener is gone');
  await tracer.detach();
  assert.equal((await stand.final(id, 60_000)).status, 'FAILED');
  await stand.agent.ready();
  await assertOneFinalStatusEach(stand);
  await stand.expectEcho(plant);
}

/** H13: a control group in which the kernel would kill; the agent takes its limit from it and stays below. */
export async function groupLimit(rig: Rig): Promise<void> {
  const group = ControlGroup.make('memory');
  rig.atEnd(() => group.remove());
  group.set('memory.limit_in_bytes', String(240 * MIB));
  const stand = await rig.start({ prefix: group.prefix, sections: { limits: { sessionsPerTarget: 5_000 } } });
  const limit =
    (await stand.agent.status()).resources.find(({ resource }) => resource === 'memory')?.limit ?? 0;
  assert.equal(limit, Math.floor(0.6 * 240 * MIB), 'limits.memory is not 60 % of the group');
  const deaf = await rig.target((socket) => void socket.pause());
  const tunnels = [];
  let refused = 0;
  // Each holds some 256 KiB of the agent's own memory; the kernel's buffers count for the group as well.
  for (let session = 0; session < 600 && refused === 0; session += 1) {
    const tunnel = await stand.open({ port: deaf.port });
    tunnel.resume();
    tunnel.write(Buffer.alloc(8 * MIB));
    tunnels.push(tunnel);
    const { status, failureReason = '' } = await stand.final();
    if (status === 'SUCCESSFUL') continue;
    assert.match(failureReason, /^overloaded: The gateway is short of (memory|kernel memory)/);
    refused = session;
  }
  rig.figure('sessions before the first refusal', refused);
  assert.ok(refused > 0, 'nothing was refused');
  assert.equal(stand.agent.command.hasEnded, false);
  rig.figure('most of the group MiB', Number(group.read('memory.max_usage_in_bytes')) / MIB);
  assert.equal(Number(/^oom_kill (\d+)$/m.exec(group.read('memory.oom_control'))?.[1] ?? 0), 0);
  await assertOneFinalStatusEach(stand);
  deaf.close();
  for (const tunnel of tunnels) tunnel.destroy();
  await untilStatus(stand, ({ totals }) => totals.sessionsActive === 0, 'no session', 60_000);
}
