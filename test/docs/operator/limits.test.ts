import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { startAgent } from '../../helpers/agent-scene.js';
import { readPage, runPage } from '../../helpers/page-commands.js';

const PAGE = 'docs/operator/limits.md';

test('the configuration of docs/operator/limits.md works, and its commands answer as the page says', async (t) => {
  const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(readPage(PAGE)) ?? [];
  const agent = await startAgent(t, { sections: parse(yaml) as Record<string, unknown> });
  const ask = (command: string) => agent.ask(...command.split(' ').slice(1));
  await runPage(PAGE, {
    'gatehouse explain 10.0.5.7:5900 --at 2026-11-28T23:00+01:00': async (command) => {
      const { code, stdout } = await ask(command);
      assert.match(stdout, /^allowed: .*packaging-hmis/m);
      assert.match(stdout, /at Sat 28 Nov 2026 23:00 open until Sun 29 Nov 2026 04:00$/m);
      assert.equal(code, 0);
    },
    'gatehouse explain 10.0.5.7:5900 --at 2026-11-29T12:00+01:00': async (command) => {
      const { code, stdout } = await ask(command);
      assert.match(
        stdout,
        /^denied \(outside-window\): .* It opens next on Mon 30 Nov 2026 06:00 \(Europe\/Berlin/m,
      );
      assert.equal(code, 1);
    },
    'gatehouse sessions --json': async (command) => {
      assert.deepEqual(JSON.parse((await ask(command)).stdout), []);
    },
    'gatehouse check --print': async (command) => {
      const { stdout } = await ask(command);
      assert.match(stdout, /^limits\.bandwidth +20Mbit\/s +# gatehouse\.yaml:\d+$/m);
    },
  });
});
