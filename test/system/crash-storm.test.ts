import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { closedPort } from '../helpers/closed-port.js';
import { CrashRig } from '../helpers/crash-rig.js';
import { eventually } from '../helpers/eventually.js';
import { seeded } from '../helpers/random.js';

const OPERATIONS = 500;

/** SIGKILLs spread over the stream. */
const KILLS = 20;

/** Longest time for all of it, in ms. */
const LIMIT_MS = 120_000;

for (const [intake, seed] of [
  ['rest', 20_261_122],
  ['mqtt', 504_506],
] as const) {
  test(`over ${intake}, ${KILLS} SIGKILLs under a stream of ${OPERATIONS} operations: at most one dial and one final status each (seed ${seed})`, async (t) => {
    const random = seeded(seed);
    const refusing = await closedPort();
    const rig = await CrashRig.start({ limits: { sessionsPerTarget: OPERATIONS } }, intake);
    t.after(() => rig.stop());
    await rig.run();
    let left = OPERATIONS;
    const stream = (async () => {
      for (; left > 0; left -= 1) {
        const answer = { status: random() < 0.8 ? 101 : 404, answerMs: random() * 400 };
        rig.create(answer, random() < 0.8 ? rig.trap.port : refusing);
        await pause(random() * 80);
      }
    })();
    try {
      for (let kill = 0; kill < KILLS; kill += 1) {
        await pause(random() * 500);
        await rig.kill();
        await rig.run();
      }
      await stream;
      await eventually(() => rig.ledger.finished === OPERATIONS || undefined, 'every final status', LIMIT_MS);
    } finally {
      left = 0;
      await stream;
    }
    rig.ledger.assertOneFinalStatusEach();
    const twice = rig.operations.filter((id) => rig.dials(id) > 1);
    assert.deepEqual(twice, [], 'dialled twice');
    const stories = rig.operations.map((id) => rig.ledger.story(id));
    assert.ok(
      stories.some((story) => story.endsWith('agent-restarted')),
      'no kill met an operation',
    );
    assert.ok(
      stories.some((story) => story.endsWith('SUCCESSFUL')),
      'no operation came through',
    );
  });
}
