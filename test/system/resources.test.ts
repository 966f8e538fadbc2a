import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import type { StatusView } from '../../src/admin/backend.js';
import { AgentProcess } from '../helpers/agent-process.js';
import { eventually } from '../helpers/eventually.js';
import { PlantTarget } from '../helpers/plant.js';
import { startWorkerScene, type WorkerScene } from '../helpers/worker-scene.js';

const MIB = 1_048_576;

/** Gives the agent another limits.memory, as a reload would; far below what any agent needs when it is 1 MiB. */
function limitMemory({ world }: WorkerScene, memoryBytes: number): void {
  const { config } = loadConfig({ file: world.configFile, env: {}, cwd: '.' });
  world.gateway.reload({ ...config, limits: { ...config.limits, memoryBytes } });
}

/** Waits until the status looks like this. */
async function eventuallyStatus(
  agent: { status(): Promise<StatusView> },
  looksSo: (status: StatusView) => boolean,
): Promise<void> {
  let isSo = false;
  const ask = (): void =>
    void agent.status().then(
      (status) => (isSo ||= looksSo(status)),
      () => undefined,
    );
  const poll = setInterval(ask, 50);
  await eventually(() => isSo || undefined, `a status with ${looksSo.toString()}`).finally(() =>
    clearInterval(poll),
  );
}

for (const isolation of ['thread', 'process'] as const) {
  test(`${isolation}: short of memory, new operations are refused and what holds most ends; quiet sessions stay`, async (t) => {
    const scene = await startWorkerScene(t, { isolation, workers: 2 });
    const { world } = scene;
    const quiet = await scene.openSession();
    const deaf = await PlantTarget.listen((socket) => void socket.pause());
    t.after(() => deaf.close());
    const stalled = await world.open(deaf);
    stalled.on('error', () => undefined).resume();
    stalled.write(Buffer.alloc(32 * MIB));
    await world.sessionOpen(deaf.port);
    const isHolding = ({ workers }: StatusView): boolean =>
      workers.some(({ heldBytes }) => heldBytes >= 16_384);
    await eventuallyStatus(world, isHolding);

    limitMemory(scene, MIB);
    await world.logged('session ended', '"reason":"overload"');
    await eventually(() => stalled.ending, 'the end of the session that held most');
    await scene.assertEchoes(quiet, 'still here');
    const refused = await world.open(scene.plant);
    refused.on('error', () => undefined);
    const { status, failureReason } = await world.finalOperation();
    assert.equal(status, 'FAILED');
    assert.match(failureReason ?? '', /^overloaded: The gateway is short of memory: \d+ of 1 MiB are in use/);
    await world.logged('the gateway is short of a resource and takes no new sessions');

    limitMemory(scene, 100_000 * MIB);
    await eventuallyStatus(world, ({ resources }) => resources.some(({ limit }) => limit === 100_000 * MIB));
    await scene.openSession();
  });
}

test('short of file descriptors, new operations are refused; sessions and the admin listener go on', async (t) => {
  const agent = await AgentProcess.start({ sections: { workers: { count: 1 } } });
  const plant = await PlantTarget.listen();
  t.after(async () => {
    await agent.stop();
    plant.close();
  });
  const { pid } = await agent.status();
  const open = readdirSync(`/proc/${pid}/fd`).length;
  // Beside the reserve of 64 there is room for a few sessions.
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${open + 64 + 10}`]);
  await eventuallyStatus(agent, ({ resources }) =>
    resources.some(({ resource, limit }) => resource === 'descriptors' && limit === open + 74),
  );

  const tunnels = [];
  for (let session = 0; session < 12; session += 1) {
    const tunnel = await agent.open(plant);
    tunnel.on('error', () => undefined);
    await eventually(() => agent.operations().length > session || undefined, 'the operation');
    const { status, failureReason = '' } = await agent.finalOperation(session);
    if (status === 'SUCCESSFUL') tunnels.push(tunnel);
    else
      assert.match(
        failureReason,
        /^overloaded: The gateway is short of file descriptors: \d+ of \d+ are in use/,
      );
  }
  assert.ok(tunnels.length >= 2 && tunnels.length <= 5, `${tunnels.length} sessions`);

  // Who asks while it is short gets an answer, many at a time.
  const { port, hostname } = new URL(agent.adminUrl);
  const askers = Array.from({ length: 20 }, () => connect(Number(port), hostname));
  await Promise.all(askers.map((asker) => once(asker, 'connect')));
  const { totals, resources } = await agent.status();
  for (const asker of askers) asker.destroy();
  assert.equal(totals.sessionsActive, tunnels.length);
  assert.ok(resources.some(({ resource, used }) => resource === 'descriptors' && used >= open));
  for (const tunnel of tunnels) {
    tunnel.write('still here');
    await once(tunnel, 'data');
  }
  const text = await agent.ask('status');
  assert.match(text.stdout, /Resources {3}memory \d+ %, descriptors \d\d %/);

  for (const tunnel of tunnels) tunnel.destroy();
  await eventuallyStatus(agent, ({ totals, resources }) => {
    const used = resources.find(({ resource }) => resource === 'descriptors')?.used ?? 0;
    // A connection or two of who asks, and of the agent to the cloud, may have come in the meantime.
    return totals.sessionsActive === 0 && used <= open + 8;
  });
  const next = await agent.open(plant);
  next.write('x');
  await once(next, 'data');
});
