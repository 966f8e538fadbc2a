import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startAgent, startTarget, echoes } from '../helpers/agent-scene.js';
import { NotifySocket } from '../helpers/notify-socket.js';
import { unlessMissing } from '../helpers/programs.js';

const options = unlessMissing('systemd-notify', 'perl');

test('systemd hears that the agent is ready, how it is, and that it ends', options, async (t) => {
  const manager = await NotifySocket.listen(t);
  const env = { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: '300000' };
  const agent = await startAgent(t, { env });
  await manager.heard('READY=1');
  await manager.heard('WATCHDOG=1');
  await manager.heard('STATUS=connected to the cloud, 0 sessions');
  const target = await startTarget(t);
  const tunnel = await agent.open(target);
  await echoes(tunnel, 'word');
  await manager.heard('STATUS=connected to the cloud, 1 session');
  agent.command.kill('SIGTERM');
  await manager.heard('STOPPING=1');
  assert.equal((await agent.command.ended()).code, 0);
});

test(
  'systemd hears of the link as soon as it changes, not with the next sign of life',
  options,
  async (t) => {
    const manager = await NotifySocket.listen(t);
    const env = { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: '600000000' };
    const agent = await startAgent(t, { env });
    await manager.heard('STATUS=connected to the cloud, 0 sessions');
    await agent.cloud.stop();
    await manager.heard(/^STATUS=not connected to the cloud/);
  },
);

test('generations, and what they start, do not speak for the service', options, async (t) => {
  const manager = await NotifySocket.listen(t);
  const agent = await startAgent(t, { env: { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: '300000' } });
  const { pid } = await agent.status();
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  assert.deepEqual(
    environment.filter((line) => /^(NOTIFY_SOCKET|WATCHDOG_)/.test(line)),
    [],
  );
});

test('an agent whose service manager cannot be reached says so once, and works', options, async (t) => {
  const agent = await startAgent(t, { env: { NOTIFY_SOCKET: '/no/such/socket', WATCHDOG_USEC: '300000' } });
  const target = await startTarget(t);
  await echoes(await agent.open(target), 'word');
  agent.command.kill('SIGTERM');
  const { code, stderr } = await agent.command.ended();
  assert.equal(code, 0);
  assert.match(
    stderr,
    /^systemd-notify, by which the service manager hears of this agent, does not work: .*\n$/,
  );
});
