import assert from 'node:assert/strict';
import { eventually } from '../../../helpers/eventually.js';
import * as gen from '../../../helpers/generations.js';
import { assertWithin } from '../../rig/time.js';
import type { Stand } from '../../rig/stand.js';
import type { Rig } from '../../rig.js';

/** Every session of these rows goes to one target. */
const MANY = { limits: { sessionsPerTarget: 10_000 } };

/** K03: three reloads while operations come in all the time and streams run through sessions of the first generation. */
export async function reloads(rig: Rig): Promise<void> {
  const stand = await rig.start({ sections: MANY });
  const [echo, target] = [await rig.target(), await rig.target()];
  const streams: gen.SteadyStream[] = [];
  for (let index = 0; index < 5; index += 1)
    streams.push(new gen.SteadyStream(await stand.open(echo), `live ${index}`));
  const ids: string[] = [];
  const timer = setInterval(() => ids.push(stand.operate(target)), 20);
  rig.atEnd(() => clearInterval(timer));
  for (let round = 0; round < 3; round += 1) await gen.reload(stand.agent);
  clearInterval(timer);
  for (const id of ids) assert.equal((await stand.final(id)).status, 'SUCCESSFUL');
  await oneFinalStatusEach(stand);
  assert.equal(target.connections.length, ids.length, 'as many connections as operations');
  for (const stream of streams) assert.equal(await stream.verdict(), undefined);
  const gaps = gen.gaps(stand.agent);
  rig.figure('operations', ids.length);
  rig.figure('longest gap ms', Math.max(...gaps));
  assert.equal(gaps.length, 3);
  assertWithin(Math.max(...gaps), 1_000);
}

/** K04: with a configuration that is invalid, with credentials that the cloud refuses, and killed while it starts. */
export async function newOneFails(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const stream = new gen.SteadyStream(await stand.open(target), 'through all of it');
  stand.configure({ conduits: [{ name: 'x', host: '10.0.0.300', ports: [70_000] }] });
  stand.agent.kill('SIGHUP');
  const { problems } = await stand.agent.logged('the configuration is invalid, the old one stays in force');
  assert.match(JSON.stringify(problems), /conduits\[0\]\.host.*conduits\[0\]\.ports/);
  const text = 'the new generation could not get ready, the old one stays in charge';
  stand.configure({ cloud: { password: 'not-the-password' } });
  stand.agent.kill('SIGHUP');
  await stand.agent.logged(text);
  stand.configure();
  await eventually(() => gen.childrenOf(stand.agent.pid).length === 1 || undefined, 'its end');
  stand.cloud.faults.set({ requests: [{ path: '/identity/*', instead: 'silence' }] });
  stand.agent.kill('SIGHUP');
  const child = await eventually(() => gen.childrenOf(stand.agent.pid)[1], 'the new process');
  process.kill(child, 'SIGKILL');
  await eventually(() => gen.linesOf(stand.agent, text)[1], 'the second failure');
  stand.cloud.faults.clear();
  await stand.expectEcho(target);
  assert.equal(await stream.verdict(), undefined);
  assert.equal((await gen.generations(stand.agent)).length, 1);
  await oneFinalStatusEach(stand);
}

/** K05: with the old one still there, which takes the link back; and without it, so that another one is started. */
export async function newOneDies(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const tunnel = await stand.open(target);
  const stream = new gen.SteadyStream(tunnel, 'in the old one');
  await kill(stand, (await gen.reload(stand.agent)).pid);
  let startedAt = performance.now();
  await stand.agent.logged('back in charge');
  await gen.inCharge(stand.agent, 1);
  rig.figure('taken back ms', performance.now() - startedAt);
  assertWithin(performance.now() - startedAt, 2_000);
  await stand.expectEcho(target);
  assert.equal(await stream.verdict(), undefined);
  await tunnel.close();
  const { generation, pid } = await gen.reload(stand.agent);
  await gen.poll(
    async () => ((await gen.generations(stand.agent)).length === 1 ? true : undefined),
    'the end of the old one',
  );
  await kill(stand, pid);
  startedAt = performance.now();
  await gen.inCharge(stand.agent, generation + 1);
  rig.figure('replaced ms', performance.now() - startedAt);
  assertWithin(performance.now() - startedAt, 2_000);
  await stand.expectEcho(target);
  await oneFinalStatusEach(stand);
}

/** K06: one of its operations is being connected: the new one has to give it its final status. */
export async function oldOneDies(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const held = await stand.open(target);
  const unfinished = stand.operate(target, { delayMs: 30_000 });
  await target.connection(1);
  const [elder] = await gen.generations(stand.agent);
  await gen.reload(stand.agent);
  const stream = new gen.SteadyStream(await stand.open(target), 'in the new one');
  await kill(stand, elder?.pid ?? null);
  assert.match((await stand.final(unfinished)).failureReason ?? '', /^agent-restarted: /);
  await eventually(() => held.ending ?? (held.destroyed || undefined), 'the end of the session');
  for (const index of [0, 1]) assert.ok(await (await target.connection(index)).ended());
  assert.equal(await stream.verdict(), undefined);
  await stand.expectEcho(target);
  await oneFinalStatusEach(stand);
}

/** K07: each generation has a session that stays; the ninth makes the oldest end. */
export async function manyReloads(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const first = await stand.open(target);
  first.resume();
  const startedAt = performance.now();
  let most = 1;
  for (let round = 2; round <= 10; round += 1) {
    await gen.reload(stand.agent);
    (await stand.open(target)).resume();
    most = Math.max(most, (await gen.generations(stand.agent)).length);
  }
  // No more until one has ended.
  stand.agent.kill('SIGHUP');
  const { detail } = await eventually(() => first.ending, 'the end of the oldest session', 60_000);
  assert.equal(detail, 'shutdown');
  await gen.inCharge(stand.agent, 11);
  most = Math.max(most, (await gen.generations(stand.agent)).length);
  rig.figure('generations at a time', most);
  rig.figure('the oldest ended after s', (performance.now() - startedAt) / 1_000);
  assert.ok(most <= 10, `${most} generations`);
  await oneFinalStatusEach(stand);
}

/** K08: the old one stands still when it should let go, and moves again when the new one has the link. */
export async function twoHoldTheLink(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const stream = new gen.SteadyStream(await stand.open(target), 'in the old one');
  const [old] = await gen.generations(stand.agent);
  const pid = old?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  stand.agent.kill('SIGHUP');
  // The cloud hands these to both: the old one's long poll is open.
  const ids = [1, 2, 3, 4, 5].map(() => stand.operate(target));
  try {
    await stand.agent.logged('the generation before did not answer in time');
    await eventually(() => gen.linesOf(stand.agent, 'connected to the cloud')[1], 'the new connection');
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  for (const id of ids) assert.equal((await stand.final(id)).status, 'SUCCESSFUL');
  await gen.inCharge(stand.agent, 2);
  assert.equal(await stream.verdict(), undefined);
  assert.equal(target.connections.length, 1 + ids.length, 'each operation is dialled once');
  await oneFinalStatusEach(stand);
}

/** The last statuses may be on their way. */
async function oneFinalStatusEach(stand: Stand): Promise<void> {
  const { ledger } = stand;
  await eventually(() => ledger.finished === stand.operations().length || undefined, 'all final statuses');
  ledger.assertOneFinalStatusEach();
}

function kill(stand: Stand, pid: number | null): Promise<true> {
  if (pid !== null) process.kill(pid, 'SIGKILL');
  return eventually(
    () => !gen.childrenOf(stand.agent.pid).includes(pid ?? 0) || undefined,
    'the end of the process',
  );
}
