import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { AgentProcess, type AgentProcessOptions } from '../helpers/agent-process.js';
import { eventually } from '../helpers/eventually.js';
import { PlantTarget } from '../helpers/plant.js';
import { startWorkerScene } from '../helpers/worker-scene.js';

const TWO_PROCESSES = { workers: { count: 2, isolation: 'process' } };

async function start(t: TestContext, options: AgentProcessOptions = {}) {
  const agent = await AgentProcess.start({ sections: TWO_PROCESSES, ...options });
  const plant = await PlantTarget.listen();
  t.after(async () => {
    await agent.stop();
    plant.close();
  });
  return { agent, plant };
}

async function pidsOf(agent: AgentProcess): Promise<number[]> {
  return (await agent.status()).workers.map(({ pid }) => pid ?? 0);
}

function isAlive(pid: number): boolean {
  try {
    // A zombie has no command line.
    return readFileSync(`/proc/${pid}/cmdline`).length > 0;
  } catch {
    return false;
  }
}

for (const signal of ['SIGSEGV', 'SIGABRT'] as const) {
  test(`a native crash of a worker process (${signal}) costs its own sessions only`, async (t) => {
    const scene = await startWorkerScene(t, { isolation: 'process', workers: 2 });
    const [lost, kept] = [await scene.openSession(), await scene.openSession()];
    lost.tunnel.resume();
    process.kill(await scene.pidOf(lost.worker), signal);
    await scene.world.logged('worker lost, another one is started', signal);
    await eventually(() => lost.tunnel.ending, 'the end of the lost session');
    await scene.assertEchoes(kept, 'still here');
    await scene.workersUp(2);
  });
}

test('worker processes have no credential in their arguments or environment', async (t) => {
  const { agent, plant } = await start(t, {
    env: { PLANT_PASSWORD: 'secret-of-the-environment', TZ: 'UTC' },
  });
  const tunnel = await agent.open(plant);
  tunnel.write('x');
  await once(tunnel, 'data');
  const pids = await pidsOf(agent);
  assert.equal(pids.length, 2);
  for (const pid of pids) {
    const shown = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
    assert.match(shown, /session-process\.js/);
    assert.match(shown, /TZ=UTC/);
    assert.doesNotMatch(shown, /secret-of-the-environment|C8Y_|GATEHOUSE_/);
    assert.equal(shown.includes(agent.device.password), false);
  }
});

test('worker processes end with an agent that is killed', async (t) => {
  const { agent } = await start(t);
  const pids = await pidsOf(agent);
  agent.command.kill('SIGKILL');
  await agent.command.ended();
  await eventually(() => !pids.some(isAlive) || undefined, 'the end of the workers');
});

test('a terminal that interrupts the whole process group gets a clean shutdown', async (t) => {
  const { agent, plant } = await start(t);
  const tunnel = await agent.open(plant);
  tunnel.write('x');
  await once(tunnel, 'data');
  tunnel.resume();
  const pids = await pidsOf(agent);
  for (const pid of [...pids, agent.command.pid]) process.kill(pid, 'SIGINT');
  assert.equal((await agent.command.ended()).code, 0);
  const ended = agent.log().find(({ msg }) => msg === 'session ended');
  assert.equal(ended?.reason, 'shutdown');
  assert.equal(pids.some(isAlive), false);
});

for (const isolation of ['thread', 'process'] as const) {
  test(`${isolation}: workers that keep dying are started less and less often, and serve when it is over`, async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
    const flag = path.join(folder, 'die');
    const starts = path.join(folder, 'starts');
    const preload = path.join(folder, 'die.cjs');
    writeFileSync(starts, '');
    writeFileSync(
      preload,
      `const fs = require('node:fs');
      const isWorker = !require('node:worker_threads').isMainThread || process.argv[1].includes('session-process');
      if (isWorker) {
        fs.appendFileSync(${JSON.stringify(starts)}, '.');
        const interval = setInterval;
        // Not before it is up, which it is when it begins its heartbeat.
        globalThis.setInterval = (callback, ms, ...more) => {
          if (ms === 100) interval(() => { if (fs.existsSync(${JSON.stringify(flag)})) throw new Error('bad day'); }, 300);
          return interval(callback, ms, ...more);
        };
      }`,
    );
    const { agent, plant } = await start(t, {
      sections: { workers: { count: 2, isolation } },
      env: { NODE_OPTIONS: `--require ${preload}` },
    });
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(flag, '');
    await agent.logged('workers keep dying, the next one starts later: the gateway carries less meanwhile');
    const status = await agent.status();
    assert.ok(status.totals.workerRestarts >= 4, `${status.totals.workerRestarts} restarts`);
    // Two at first, one for each death but the last two, which wait.
    assert.ok(readFileSync(starts, 'utf8').length <= 8, readFileSync(starts, 'utf8'));
    rmSync(flag);
    const poll = setInterval(() => void agent.status().then(({ workers }) => (up = workers.length)), 100);
    let up = 0;
    await eventually(() => up === 2 || undefined, 'both workers').finally(() => clearInterval(poll));
    const tunnel = await agent.open(plant);
    tunnel.write('x');
    await once(tunnel, 'data');
  });
}
