import assert from 'node:assert/strict';
import { eventually } from '../../../helpers/eventually.js';
import { assertWithin, lapse } from '../../rig/time.js';
import type { Rig } from '../../rig.js';
import {
  assertOneFinalStatusEach,
  assertOnlyLost,
  ISOLATIONS,
  lostWorker,
  startScene,
  workersUp,
} from './scene.js';

/** What a worker runs until its heap is full, slowly enough that its event loop goes on. */
const FILL_HEAP = `
  globalThis.kept = [];
  setInterval(() => {
    for (let i = 0; i < 40; i += 1) globalThis.kept.push(new Array(50_000).fill(0).map((_, n) => ({ n })));
  }, 5);
`;

/** H01: an exception that no session's guard sees. A session that still connects gets its one final status. */
export async function throws(rig: Rig): Promise<void> {
  for (const isolation of ISOLATIONS) {
    const scene = await startScene(rig, isolation);
    const { stand, hand, plant } = scene;
    const place = { port: plant.port };
    const dialling = [stand.operate(place, { delayMs: 3_000 }), stand.operate(place, { delayMs: 3_000 })];
    await eventually(() => plant.connections.length >= 4 || undefined, 'sessions that still connect');
    hand.run('worker', "throw new Error('nobody expected this');");
    await assertOnlyLost(rig, scene, await lostWorker(scene), isolation);
    const finals = await Promise.all(dialling.map((id) => stand.final(id)));
    const reasons = finals.map(
      ({ status, failureReason = '' }) => `${status} ${failureReason.split(':')[0] ?? ''}`,
    );
    assert.deepEqual(reasons.sort(), ['FAILED worker-crashed', 'SUCCESSFUL ']);
    await assertOneFinalStatusEach(stand);
    await stand.end();
  }
}

/** H02: contained in a process, whatever it is; a thread can be left by `exit` only. */
export async function dies(rig: Rig): Promise<void> {
  const deaths = [
    ['process', 'process.exit(3)'],
    ['process', 'process.abort()'],
    ['process', "process.kill(process.pid, 'SIGSEGV')"],
    ['thread', 'process.exit(3)'],
  ] as const;
  for (const [isolation, text] of deaths) {
    const scene = await startScene(rig, isolation);
    scene.hand.run('worker', text);
    await assertOnlyLost(rig, scene, await lostWorker(scene), `${isolation} ${text.slice(8, 14)}`);
    await scene.stand.end();
  }
}

/** H03: V8 ends a thread whose heap is full, and aborts a process. */
export async function heapIsFull(rig: Rig): Promise<void> {
  for (const isolation of ISOLATIONS) {
    const scene = await startScene(rig, isolation);
    scene.hand.run('worker', FILL_HEAP);
    await assertOnlyLost(rig, scene, await lostWorker(scene), isolation);
    await scene.stand.end();
  }
}

/** H05: an endless loop. */
export async function spins(rig: Rig): Promise<void> {
  for (const isolation of ISOLATIONS) {
    const scene = await startScene(rig, isolation);
    const startedAtMs = performance.now();
    scene.hand.run('worker', 'for (;;);');
    const line = await scene.stand.agent.logged('worker stands still and is ended');
    const noticedMs = performance.now() - startedAtMs;
    rig.figure(`${isolation} noticed ms`, noticedMs);
    assertWithin(noticedMs, 1_800);
    await assertOnlyLost(rig, scene, Number(line.worker), isolation);
    await scene.stand.end();
  }
}

/** H07: whatever starts dies. The starts get rarer, the agent lives, and it serves when the cause is gone. */
export async function diesAgainAndAgain(rig: Rig): Promise<void> {
  for (const isolation of ISOLATIONS) {
    const { stand, hand, plant } = await startScene(rig, isolation);
    const deaths = (): number =>
      stand.agent.log().filter(({ msg }) => msg === 'worker lost, another one is started').length;
    hand.always("if (Date.now() - globalThis.upAtMs > 300) throw new Error('again');");
    await stand.agent.logged(
      'workers keep dying, the next one starts later: the gateway carries less meanwhile',
    );
    await lapse(3_000);
    rig.figure(`${isolation} deaths in the first seconds`, deaths());
    // Four at once, then after 0 s, 1 s, 3 s, 7 s …, some of them together.
    assert.ok(deaths() <= 10, `${deaths()} deaths`);
    assert.equal(await stand.agent.isReady(), true);
    hand.stopAlways();
    await workersUp(stand, 2);
    await assertOneFinalStatusEach(stand);
    await stand.expectEcho(plant);
    await stand.end();
  }
}
