import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAgent } from '../../helpers/agent-scene.js';
import { runPage } from '../../helpers/page-commands.js';

test('the commands of docs/operator/when-it-says-no.md answer as the page says', async (t) => {
  const agent = await startAgent(t);
  const ask = (command: string) => agent.ask(...command.split(' ').slice(1));
  await runPage('docs/operator/when-it-says-no.md', {
    'gatehouse check': async (command) => {
      const { code, stdout } = await ask(command);
      assert.match(stdout, /^ok {7}credentials: /m);
      assert.equal(code, 0, stdout);
    },
    'gatehouse status': async (command) => {
      assert.match((await ask(command)).stdout, /^Resources /m);
    },
    'gatehouse explain 10.0.5.7:5900': async (command) => {
      const { code, stdout } = await ask(command);
      assert.match(stdout, /10\.0\.5\.7:5900/);
      assert.notEqual(code, 64);
    },
  });
});
