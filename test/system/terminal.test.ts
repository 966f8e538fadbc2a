import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAgent } from '../helpers/agent-scene.js';
import { Tmux } from '../helpers/tmux.js';
import { unlessMissing } from '../helpers/programs.js';

/* What `status` and `check` look like in a real terminal; the captures stay in dist/test-output. */

for (const [columns, rows] of [
  [80, 24],
  [140, 40],
] as const) {
  test(`status and check fit a window of ${columns} by ${rows}`, unlessMissing('tmux'), async (t) => {
    const agent = await startAgent(t);
    const env = { GATEHOUSE_ADMIN_LISTEN: new URL(agent.adminUrl).host };
    for (const [name, args, more] of [
      ['status', ['status'], {}],
      ['check', ['check'], {}],
      ['check-failed', ['check'], { C8Y_TENANT: 't0816' }],
    ] as const) {
      const options = { columns, rows, cwd: agent.folder, env: { ...env, ...more } };
      const tmux = Tmux.start(t, args, options);
      const screen = await tmux.shows(/ended \d+$/);
      tmux.save(`${name}-${columns}x${rows}`);
      const lines = screen.split('\n');
      assert.ok(lines.length <= rows && lines.every((line) => line.length <= columns), screen);
      // Its first line is still there: nothing has scrolled away.
      assert.match(screen, name === 'status' ? /^Agent / : /^ok {7}configuration/);
      assert.match(screen, name === 'check-failed' ? /\n {11}C8Y_TENANT=t0815\n/ : /\nCloud |0 failed/);
    }
  });
}

test('a check shows on a terminal what it is trying', unlessMissing('tmux'), async (t) => {
  const agent = await startAgent(t);
  agent.cloud.faults.set({ requests: [{ path: '/user/currentUser', latencyMs: 4_000 }] });
  const tmux = Tmux.start(t, ['check'], { cwd: agent.folder });
  await tmux.shows(/^[-|/\\] \d+\/\d+ +credentials {2}2 s$/m);
  assert.doesNotMatch(await tmux.shows(/ended 0/), /^[-|/\\] /m);
});
