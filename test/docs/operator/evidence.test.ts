import assert from 'node:assert/strict';
import { test } from 'node:test';
import { echoes, startAgent, startTarget } from '../../helpers/agent-scene.js';
import { gatehouse } from '../../helpers/command.js';
import { eventually } from '../../helpers/eventually.js';
import { runPage } from '../../helpers/page-commands.js';

test('the commands of docs/operator/evidence.md judge the log of an agent', async (t) => {
  const agent = await startAgent(t, { sections: { audit: { file: 'audit.log' } } });
  const target = await startTarget(t);
  const tunnel = await agent.open({ port: target.port });
  await echoes(tunnel, 'hello');
  tunnel.destroy();
  const event = await eventually(() => agent.cloud.platform.events.list({})[0], 'the event in the cloud');
  const { audit } = event.gatehouse_Session as { audit: { seq: number; hash: string } };
  const run = async (command: string, expected: RegExp): Promise<void> => {
    const filled = command.replace('"$SEQ:$HASH"', `${audit.seq}:${audit.hash}`);
    const { code, stdout } = await gatehouse(filled.split(' ').slice(1), { cwd: agent.folder });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^ok {4}audit\.log: 5 records, each as it was written\n {6}from record 0 \(2/);
    assert.match(stdout, expected);
  };
  await runPage('docs/operator/evidence.md', {
    'gatehouse audit verify': (command) => run(command, /Its end is confirmed by .*audit\.head\./),
    'gatehouse audit verify audit.log': (command) => run(command, /cannot be told: give --head or --anchor/),
    'gatehouse audit verify --anchor "$SEQ:$HASH"': (command) => run(command, /confirmed by the anchor 4:/),
  });
});
