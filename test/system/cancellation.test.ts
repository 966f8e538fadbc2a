import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../helpers/eventually.js';
import { blackHole } from '../helpers/outcome-targets.js';
import { Scene, UP } from '../helpers/scene.js';

/** What a user who lost patience leaves in the cloud. */
const BY_USER = { status: 'FAILED', failureReason: 'Operation cancelled by user' } as const;

for (const intake of ['rest', 'mqtt'] as const) {
  test(`C07: over ${intake}, an operation cancelled in any phase of its dials is given up within moments`, async (t) => {
    const hole = await blackHole();
    t.after(() => hole.stop());
    const scene = await Scene.start(t, { intake, limits: { connectTimeout: '60s' } });
    const ids = [
      scene.create({ port: hole.port }),
      scene.create({ answerMs: 60_000 }),
      scene.create({ port: hole.port, answerMs: 60_000 }),
    ];
    const { platform } = scene.cloud;
    const { registry } = scene.world.gateway.supervisor;
    await eventually(
      () => ids.every((id) => platform.operations.get(id).status === 'EXECUTING') || undefined,
      'EXECUTING',
    );
    await eventually(() => scene.trap.open === 1 || undefined, 'the target that waits for the tunnel');
    for (const id of ids) platform.operations.update(id, BY_USER);
    const cancelledAtMs = performance.now();
    await eventually(() => (registry.sessions === 0 && scene.trap.open === 0) || undefined, 'closed sockets');
    assert.ok(performance.now() - cancelledAtMs < 5_000, 'far below every other deadline');
    for (const id of ids) assert.doesNotMatch(scene.ledger.story(id), /SUCCESSFUL/);
    await scene.story(scene.create(), UP);
  });
}
