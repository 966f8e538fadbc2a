import assert from 'node:assert/strict';
import type { ResourceView } from '../../../../src/admin/backend.js';
import { Tracer } from '../../injectors/tracer.js';
import type { Rig } from '../../rig.js';
import { untilStatus } from '../h-process/scene.js';

/** D16: five ports for connections to one place, five sessions that use them, and a sixth. */
export async function noPorts(rig: Rig): Promise<void> {
  // Tunnels go to a server of their own, so that the control connection finds a port.
  const cloud = await rig.rawCloud();
  const stand = await rig.start({
    sections: { cloud: { remoteAccessUrl: `http://127.0.0.1:${cloud.port}` } },
  });
  const target = await rig.target();
  rig.network.sysctl('net.ipv4.ip_local_port_range', '50000 50004');
  for (let session = 1; session <= 5; session++) {
    const { operation: each } = await stand.outcome(target);
    assert.equal(each.status, 'SUCCESSFUL', `session ${session}: ${each.failureReason ?? ''}`);
  }
  // The agent sees it coming, unless the range has become so small within the last second.
  const { operation } = await stand.outcome(target);
  assert.match(
    operation.failureReason ?? '',
    /^(local-resources: .*EADDRNOTAVAIL|overloaded: .*local ports)/,
  );
  assert.equal((await stand.agent.sessions()).length, 5);
  rig.network.sysctl('net.ipv4.ip_local_port_range', '32768 60999');
  const isWide = ({ resource, limit }: ResourceView): boolean => resource === 'ports' && limit > 5;
  await untilStatus(stand, ({ resources }) => resources.some(isWide), 'the wide range');
  assert.equal((await stand.outcome(target)).operation.status, 'SUCCESSFUL');
  stand.ledger.assertOneFinalStatusEach();
  await stand.end();
}

/** D16: connect and socket fail, each in the ways that want of something makes them. */
export async function noResources(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const open = await stand.open(target);
  assert.equal((await stand.final()).status, 'SUCCESSFUL');
  for (const rule of [
    'connect:error=ENOBUFS',
    'connect:error=ENOMEM',
    'connect:error=EADDRNOTAVAIL',
    'socket:error=EMFILE',
    'socket:error=ENFILE',
  ]) {
    const tracer = await Tracer.attach((await stand.agent.status()).pid, rule);
    rig.atEnd(() => tracer.detach());
    const id = stand.operate(target);
    const { code } = await stand.agent.logged('session failed', { operationId: id });
    assert.equal(code, 'local-resources', rule);
    assert.equal((await stand.agent.status()).totals.sessionsActive >= 1, true, 'the admin listener answers');
    await tracer.detach();
    // Its own connection may have met the fault, too: the status comes once the tracer is gone.
    const { failureReason = '' } = await stand.final(id, 60_000);
    assert.match(failureReason, new RegExp(`^local-resources: .*${rule.split('=')[1] ?? ''}`));
  }
  const echoed = new Promise((resolve) => open.once('data', resolve));
  open.write('still here');
  assert.equal(String(await echoed), 'still here');
  await stand.expectEcho(target);
  stand.ledger.assertOneFinalStatusEach();
}
