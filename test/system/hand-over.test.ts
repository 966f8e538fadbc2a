import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { StatusView } from '../../src/admin/backend.js';
import { echoes, startAgent, startTarget } from '../helpers/agent-scene.js';
import { AgentProcess } from '../helpers/agent-process.js';
import { eventually } from '../helpers/eventually.js';
import * as gen from '../helpers/generations.js';
import { Installations } from '../helpers/installation.js';
import { Ledger } from '../helpers/ledger.js';
import { PlantTarget } from '../helpers/plant.js';

async function oneFinalStatusEach(agent: AgentProcess, ledger: Ledger): Promise<void> {
  await eventually(() => ledger.finished === agent.operations().length || undefined, 'all final statuses');
  ledger.assertOneFinalStatusEach();
}

/** Opens tunnels one after the other, `everyMs` apart, and ends each when it has carried a word. */
function load(agent: AgentProcess, target: PlantTarget, everyMs: number) {
  const endpoint = agent.endpoint(target);
  const words: Promise<void>[] = [];
  const timer = setInterval(() => {
    const word = `word ${words.length}`;
    const one = agent.operator.openTunnel(agent.device.id, endpoint).then(async (tunnel) => {
      tunnel.on('error', () => undefined);
      await echoes(tunnel, word);
      await tunnel.close();
    });
    words.push(one);
  }, everyMs);
  return {
    count: () => words.length,
    /** How many failed, once all have ended. */
    end: async () => {
      clearInterval(timer);
      return (await Promise.allSettled(words)).filter(({ status }) => status === 'rejected').length;
    },
  };
}

test('reloads under load lose no operation, start none twice and cut no tunnel', async (t) => {
  const agent = await startAgent(t);
  const ledger = new Ledger(agent.cloud.platform);
  const [lively, busy] = [await startTarget(t), await startTarget(t)];
  const streams: gen.SteadyStream[] = [];
  for (let index = 0; index < 5; index += 1)
    streams.push(new gen.SteadyStream(await agent.open(lively), `live ${index}`));
  const operations = load(agent, busy, 33);
  await gen.reload(agent);
  await gen.reload(agent);
  await gen.reload(agent);
  assert.equal(await operations.end(), 0);
  await oneFinalStatusEach(agent, ledger);
  assert.equal(agent.operations().filter(({ status }) => status !== 'SUCCESSFUL').length, 0);
  assert.equal(busy.connections.length, operations.count());
  for (const stream of streams) assert.equal(await stream.verdict(), undefined);
  assert.equal(lively.connections.length, 5);
  const gaps = gen.gaps(agent);
  t.diagnostic(`${operations.count()} operations, gaps of the control connection: ${gaps.join(', ')} ms`);
  assert.equal(gaps.length, 3);
});

test('sessions of all generations are seen, counted and closed in one place', async (t) => {
  const agent = await startAgent(t);
  const target = await startTarget(t);
  const old = await agent.open(target);
  await echoes(old, 'old');
  await gen.reload(agent);
  const fresh = await agent.open(target);
  await echoes(fresh, 'fresh');
  const list = await gen.sessions(agent);
  assert.deepEqual(
    list.map(({ generation }) => generation),
    [1, 2],
  );
  const status = await gen.generations(agent);
  assert.deepEqual(
    status.map(({ generation, sessions, draining, answers }) => [generation, sessions, draining, answers]),
    [
      [1, 1, true, true],
      [2, 1, false, true],
    ],
  );
  assert.equal(new Set(status.map(({ pid }) => pid)).size, 2);
  const metrics = await (await fetch(`${agent.adminUrl}/metrics`)).text();
  assert.match(metrics, /^gatehouse_sessions_active 2$/m);
  assert.match(metrics, /^gatehouse_cloud_connected 1$/m);
  assert.match(
    (await agent.ask('status')).stdout,
    /^Generations +1 \(pid \d+, 1 sessions, to their end\), 2 /m,
  );
  assert.match((await agent.ask('sessions')).stdout, /GEN/);

  const { code } = await agent.ask('close', list[0]?.id ?? '');
  assert.equal(code, 0);
  old.resume();
  assert.equal((await eventually(() => old.ending, 'the end')).detail, 'admin');
  await gen.poll(async () => ((await gen.generations(agent)).length === 1 ? true : undefined), 'one left');
  await echoes(fresh, 'still here');
});

test('limits go on counting the sessions that an elder keeps', async (t) => {
  const target = await startTarget(t);
  const conduits = [{ name: 'one', host: '127.0.0.1', ports: ['*'], maxSessions: 1 }];
  const agent = await startAgent(t, { sections: { conduits } });
  const old = await agent.open(target);
  await echoes(old, 'old');
  await gen.reload(agent);
  (await agent.open(target)).on('error', () => undefined);
  assert.match((await agent.finalOperation()).failureReason ?? '', /^limit-reached: /);
  await old.close();
  await gen.poll(async () => ((await gen.generations(agent)).length === 1 ? true : undefined), 'one left');
  await echoes(await agent.open(target), 'free again');
});

test('a new generation that cannot log in changes nothing, and the log says why', async (t) => {
  const agent = await startAgent(t);
  const target = await startTarget(t);
  const tunnel = await agent.open(target);
  await echoes(tunnel, 'before');
  const { tenant, user } = agent.device;
  agent.configure({ cloud: { url: agent.cloud.url, tenant, user, password: 'not-the-password' } });
  agent.command.kill('SIGHUP');
  const line = await agent.logged('the new generation could not get ready, the old one stays in charge');
  assert.match(JSON.stringify(line.causes), /401/);
  assert.doesNotMatch(agent.command.stdout, /not-the-password/);
  assert.equal((await gen.inCharge(agent, 1)).generation, 1);
  await echoes(await agent.open(target), 'as before');
});

test('a process that is killed before it takes over changes nothing', async (t) => {
  const agent = await startAgent(t);
  const target = await startTarget(t);
  const tunnel = await agent.open(target);
  agent.cloud.faults.set({ requests: [{ path: '/identity/*', instead: 'silence' }] });
  agent.command.kill('SIGHUP');
  const child = await eventually(() => gen.childrenOf(agent.command.pid)[1], 'the new process');
  process.kill(child, 'SIGKILL');
  await agent.logged('the new generation could not get ready, the old one stays in charge');
  agent.cloud.faults.set({});
  await echoes(tunnel, 'unharmed');
  await echoes(await agent.open(target), 'as before');
  assert.equal((await gen.reload(agent)).generation > 1, true);
  await echoes(tunnel, 'to the end');
});

test('a generation that dies young gives control back to the one before it', async (t) => {
  const agent = await startAgent(t);
  const target = await startTarget(t);
  const ledger = new Ledger(agent.cloud.platform);
  const old = await agent.open(target);
  await echoes(old, 'old');
  const { pid } = await gen.reload(agent);
  const lost = await agent.open(target);
  await echoes(lost, 'in the new one');
  process.kill(pid ?? 0, 'SIGKILL');
  await agent.logged('back in charge');
  await gen.inCharge(agent, 1);
  assert.equal((await gen.generations(agent)).length, 1);
  await echoes(old, 'still here');
  await echoes(await agent.open(target), 'new ones too');
  await oneFinalStatusEach(agent, ledger);
  assert.equal((await gen.reload(agent)).generation, 3);
  await echoes(old, 'to the end');
});

test('a generation in charge that is killed is replaced, and what it had begun gets its final status', async (t) => {
  const agent = await startAgent(t);
  const target = await startTarget(t);
  const ledger = new Ledger(agent.cloud.platform);
  const [first] = await gen.generations(agent);
  agent.cloud.faults.set({ requests: [{ path: '/service/remoteaccess/device/*', instead: 'silence' }] });
  (await agent.open(target)).on('error', () => undefined);
  await target.connection();
  await eventually(() => agent.operations().at(-1)?.status === 'EXECUTING' || undefined, 'EXECUTING');
  const startedAtMs = performance.now();
  process.kill(first?.pid ?? 0, 'SIGKILL');
  agent.cloud.faults.set({});
  await gen.inCharge(agent, 2);
  t.diagnostic(`ready again after ${Math.round(performance.now() - startedAtMs)} ms`);
  assert.match((await agent.finalOperation()).failureReason ?? '', /^agent-restarted: /);
  await echoes(await agent.open(target), 'as before');
  await oneFinalStatusEach(agent, ledger);
  assert.equal(target.connections.length, 2);
});

test('an elder that is killed takes only its own sessions along, and the newest one finishes its statuses', async (t) => {
  const agent = await startAgent(t);
  const target = await startTarget(t);
  const ledger = new Ledger(agent.cloud.platform);
  const [elder] = await gen.generations(agent);
  const held = await agent.open(target);
  await echoes(held, 'held');
  agent.cloud.faults.set({ requests: [{ path: '/service/remoteaccess/device/*', instead: 'silence' }] });
  (await agent.open(target)).on('error', () => undefined);
  await agent.logged('session connecting', { operationId: agent.operations()[1]?.id });
  await gen.reload(agent);
  agent.cloud.faults.set({});
  const fresh = await agent.open(target);
  await echoes(fresh, 'fresh');
  assert.equal(agent.operations()[1]?.status, 'EXECUTING');
  process.kill(elder?.pid ?? 0, 'SIGKILL');
  await agent.logged('a generation was lost with its sessions');
  assert.match((await agent.finalOperation(1)).failureReason ?? '', /^agent-restarted: /);
  await echoes(fresh, 'unharmed');
  await oneFinalStatusEach(agent, ledger);
});

test('a generation that stands still is passed over, and claims nothing when it moves again', async (t) => {
  const agent = await AgentProcess.start();
  let pid = 0;
  t.after(() => {
    // One that is stopped would hold the output open, and the test with it.
    if (pid !== 0 && gen.isAlive(pid)) process.kill(pid, 'SIGCONT');
    return agent.stop();
  });
  const target = await startTarget(t);
  const ledger = new Ledger(agent.cloud.platform);
  const held = await agent.open(target);
  await echoes(held, 'held');
  pid = (await gen.generations(agent))[0]?.pid ?? assert.fail();
  process.kill(pid, 'SIGSTOP');
  // Its long poll is still open at the cloud: these come to both generations.
  agent.command.kill('SIGHUP');
  const created = [0, 1, 2].map(() => agent.open(target));
  await agent.logged('the generation before did not answer in time');
  await eventually(() => gen.linesOf(agent, 'connected to the cloud')[1], 'the new control connection');
  process.kill(pid, 'SIGCONT');
  for (const [index, tunnel] of (await Promise.all(created)).entries()) await echoes(tunnel, `word ${index}`);
  await echoes(held, 'still here');
  await oneFinalStatusEach(agent, ledger);
  assert.equal(target.connections.length, 4);
  await gen.inCharge(agent, 2);
});

test('an upgrade on disk runs from the next reload on, with the sessions of the version before', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-upgrade-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const installations = new Installations(folder, ['1.0.0', '2.0.0']);
  const agent = await startAgent(t, { main: installations.main });
  const target = await startTarget(t);
  const old = await agent.open(target);
  await echoes(old, 'by the old version');
  installations.install('2.0.0');
  await gen.reload(agent);
  assert.equal((await gen.ask<StatusView>(agent, '/api/status'))?.version, '2.0.0');
  await agent.logged('gatehouse started', { version: '2.0.0' });
  await echoes(old, 'still by the old version');
  await echoes(await agent.open(target), 'by the new version');
});

test('generations end cleanly when their parent is killed', async (t) => {
  const agent = await startAgent(t);
  const target = await startTarget(t);
  const tunnels = [await agent.open(target)];
  await gen.reload(agent);
  tunnels.push(await agent.open(target));
  await gen.poll(async () => {
    const open = (await gen.sessions(agent)).filter(({ state }) => state === 'open');
    return open.length === tunnels.length || undefined;
  }, 'both sessions');
  const pids = (await gen.generations(agent)).map(({ pid }) => pid ?? 0);
  agent.command.kill('SIGKILL');
  for (const tunnel of tunnels) {
    tunnel.resume();
    assert.equal((await eventually(() => tunnel.ending, 'the end')).code, 1001);
  }
  await eventually(() => !pids.some(gen.isAlive) || undefined, 'the end of all generations');
});

test('SIGTERM and SIGUSR2 reach all generations', async (t) => {
  for (const signal of ['SIGTERM', 'SIGUSR2'] as const) {
    const agent = await startAgent(t);
    const target = await startTarget(t);
    const tunnels = [await agent.open(target)];
    await gen.reload(agent);
    tunnels.push(await agent.open(target));
    await echoes(tunnels[1] ?? assert.fail(), 'open');
    agent.command.kill(signal);
    if (signal === 'SIGUSR2') {
      await agent.logged('draining: no new sessions');
      for (const tunnel of tunnels) await echoes(tunnel, 'still open');
      for (const tunnel of tunnels) await tunnel.close();
    }
    for (const tunnel of tunnels) tunnel.resume();
    const { code, stderr } = await agent.command.ended();
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  }
});

test('ten reloads in a row, each with a session that stays, cut none of those that may stay', async (t) => {
  const agent = await startAgent(t);
  const target = await startTarget(t);
  const tunnels = [await agent.open(target)];
  for (let round = 0; round < 6; round += 1) {
    await gen.reload(agent);
    tunnels.push(await agent.open(target));
  }
  for (let round = 0; round < 4; round += 1) agent.command.kill('SIGHUP');
  await gen.inCharge(agent, 8);
  for (const [index, tunnel] of tunnels.entries()) await echoes(tunnel, `word ${index}`);
  assert.equal((await gen.sessions(agent)).length, 7);
});
