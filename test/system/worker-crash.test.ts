import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { startCloud } from '../../simulator/cloud.js';
import { AgentProcess, writeConfiguration } from '../helpers/agent-process.js';
import { gatehouse } from '../helpers/command.js';
import { eventually } from '../helpers/eventually.js';
import { PlantTarget } from '../helpers/plant.js';
import { startWorkerScene } from '../helpers/worker-scene.js';

for (const isolation of ['thread', 'process'] as const) {
  test(`${isolation}: a worker that dies takes its own sessions along, and only those; another one is started`, async (t) => {
    const scene = await startWorkerScene(t, { isolation, workers: 2 });
    const { world } = scene;
    const [first, second] = [await scene.openSession(), await scene.openSession()];
    assert.notEqual(first.worker, second.worker);
    await scene.endWorker(first.worker);

    await world.logged(first.operationId, 'session lost with its worker');
    first.tunnel.resume();
    await eventually(() => first.tunnel.ending, 'the end of the lost session');
    await eventually(
      () => scene.sessionOf(first.operationId) === undefined || undefined,
      'a registry without it',
    );
    assert.equal(world.cloud.platform.operations.get(first.operationId).status, 'SUCCESSFUL');
    second.tunnel.write('still here');
    const [answer] = (await once(second.tunnel, 'data')) as [Buffer];
    assert.equal(answer.toString(), 'still here');

    await scene.workersUp(2);
    const more = [await scene.openSession(), await scene.openSession(), await scene.openSession()];
    assert.equal(new Set(more.map(({ worker }) => worker)).size, 2, 'both workers serve');
    assert.equal(world.log.filter((line) => line.includes('worker lost, another one is started')).length, 1);
  });

  test(`${isolation}: a session that still connects when its worker dies is FAILED with worker-crashed`, async (t) => {
    const scene = await startWorkerScene(t, {
      isolation,
      workers: 2,
      before: (cloud) =>
        cloud.faults.set({ requests: [{ path: '/service/remoteaccess/device/*', instead: 'silence' }] }),
    });
    const { world, plant } = scene;
    const tunnel = await world.open(plant);
    tunnel.on('error', () => undefined);
    await plant.connection();
    const operationId = world.operations()[0]?.id ?? '';
    const { worker } = await eventually(() => {
      const record = scene.sessionOf(operationId);
      return record !== undefined && record.worker !== 0 ? record : undefined;
    }, 'the session in a worker');
    await scene.endWorker(worker);
    const { status, failureReason } = await world.finalOperation(operationId);
    assert.equal(status, 'FAILED');
    assert.match(failureReason ?? '', /^worker-crashed: /);
    world.cloud.faults.clear();
    await scene.openSession();
  });

  test(`${isolation}: the only worker dies and the next one serves`, async (t) => {
    const scene = await startWorkerScene(t, { isolation, workers: 1 });
    const lost = await scene.openSession();
    await scene.endWorker(lost.worker);
    await scene.world.logged(lost.operationId, 'session lost with its worker');
    const next = await scene.openSession();
    assert.notEqual(next.worker, lost.worker);
  });
}

test('an exception outside of every session costs its worker; the restart is in metrics and status', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
  const flag = path.join(folder, 'throw-now');
  const preload = path.join(folder, 'throw.cjs');
  writeFileSync(
    preload,
    `const fs = require('node:fs');
    const look = () => {
      if (!fs.existsSync(${JSON.stringify(flag)})) return;
      fs.unlinkSync(${JSON.stringify(flag)});
      throw new Error('thrown by nobody in particular');
    };
    if (!require('node:worker_threads').isMainThread) setInterval(look, 20).unref();`,
  );
  const agent = await AgentProcess.start({ env: { NODE_OPTIONS: `--require ${preload}` } });
  const plant = await PlantTarget.listen();
  t.after(async () => {
    await agent.stop();
    plant.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const tunnel = await agent.open(plant);
  tunnel.write('x');
  await once(tunnel, 'data');
  tunnel.resume();
  writeFileSync(flag, '');
  await agent.logged('session lost with its worker');
  await agent.logged('worker lost, another one is started');
  await eventually(() => tunnel.ending, 'the end of the lost session');
  const next = await agent.open(plant);
  next.write('y');
  await once(next, 'data');
  const metrics = await (await fetch(`${agent.adminUrl}/metrics`)).text();
  assert.match(metrics, /^gatehouse_worker_restarts_total 1$/m);
  assert.match(metrics, /^gatehouse_sessions_total\{outcome="worker-lost"\} 1$/m);
  const status = (await (await fetch(`${agent.adminUrl}/api/status`)).json()) as {
    totals: { workerRestarts: number };
  };
  assert.equal(status.totals.workerRestarts, 1);
  agent.command.kill('SIGTERM');
  assert.equal((await agent.command.ended()).code, 0);
});

test('workers that cannot start end the agent with 1 and a message', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
  const cloud = await startCloud();
  t.after(async () => {
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const preload = path.join(folder, 'no-threads.cjs');
  writeFileSync(
    preload,
    "if (!require('node:worker_threads').isMainThread) throw new Error('no thread today');",
  );
  const file = writeConfiguration(folder, cloud, cloud.registerDevice('gw-7'), { workers: { count: 2 } });
  const { code, stdout } = await gatehouse(['run', '--config', file], {
    env: { NODE_OPTIONS: `--require ${preload}` },
  });
  assert.equal(code, 1);
  assert.match(stdout, /"level":"fatal".*no thread today.*no worker can be started/);
  assert.deepEqual(cloud.requests.list(), [], 'the cloud saw a request');
});
