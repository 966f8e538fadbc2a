import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgentProcess } from '../helpers/agent-process.js';
import { eventually } from '../helpers/eventually.js';
import { PlantTarget } from '../helpers/plant.js';
import { evaluateInThread, startWorkerScene, type WorkerScene } from '../helpers/worker-scene.js';

/** Makes the worker's event loop stand still for good. */
async function stall(scene: WorkerScene, isolation: 'thread' | 'process', worker: number): Promise<void> {
  if (isolation === 'process') process.kill(await scene.pidOf(worker), 'SIGSTOP');
  else await evaluateInThread(worker, 'for (;;);');
}

/** Holds this thread, in which the agent runs too. */
function holdMainThread(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

for (const isolation of ['thread', 'process'] as const) {
  test(`${isolation}: a worker that stands still is ended and replaced; only its own sessions are lost`, async (t) => {
    const scene = await startWorkerScene(t, { isolation, workers: 2 });
    const { world } = scene;
    const [lost, kept] = [await scene.openSession(), await scene.openSession()];
    assert.notEqual(lost.worker, kept.worker);
    lost.tunnel.resume();
    await stall(scene, isolation, lost.worker);
    await world.logged('worker stands still and is ended', `"worker":${lost.worker}`);
    await world.logged(lost.operationId, 'session lost with its worker');
    await eventually(() => lost.tunnel.ending, 'the end of the lost session');
    await scene.assertEchoes(kept, 'still here');
    await scene.workersUp(2);
    const { totals, workers } = await world.status();
    assert.equal(totals.workerRestarts, 1);
    assert.equal(
      workers.some(({ worker }) => worker === lost.worker),
      false,
    );
    await scene.openSession();
  });

  test(`${isolation}: workers are not blamed for a main thread that stood still`, async (t) => {
    const scene = await startWorkerScene(t, { isolation, workers: 2 });
    const sessions = [await scene.openSession(), await scene.openSession()];
    holdMainThread(3_000);
    // Bytes both ways, so that heartbeats have been looked at again.
    for (let round = 0; round < 20; round += 1) {
      for (const session of sessions) await scene.assertEchoes(session, `round ${round}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal((await scene.world.status()).totals.workerRestarts, 0);
  });
}

test('a worker that stands still for less than the limit costs a warning and nothing else', async (t) => {
  const scene = await startWorkerScene(t, { workers: 1 });
  const session = await scene.openSession();
  await evaluateInThread(session.worker, 'for (const end = Date.now() + 700; Date.now() < end; );');
  const line = await scene.world.logged('a worker stood still for a while');
  const { longestMs } = JSON.parse(line) as { longestMs: number };
  assert.ok(longestMs >= 100 && longestMs <= 1_500, `${longestMs} ms`);
  await scene.assertEchoes(session, 'still here');
  assert.equal((await scene.world.status()).totals.workerRestarts, 0);
});

test('an agent that was stopped and goes on keeps its workers and their sessions', async (t) => {
  const agent = await AgentProcess.start();
  const plant = await PlantTarget.listen();
  t.after(async () => {
    await agent.stop();
    plant.close();
  });
  const tunnel = await agent.open(plant);
  const echo = async (text: string): Promise<void> => {
    let answer = '';
    tunnel.on('data', (bytes: Buffer) => (answer += bytes.toString()));
    tunnel.write(text);
    await eventually(() => answer.includes(text) || undefined, `the echo of ${text}`);
  };
  await echo('before');
  agent.command.killAll('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  agent.command.killAll('SIGCONT');
  await echo('after');
  assert.equal((await agent.status()).totals.workerRestarts, 0);
});
