import assert from 'node:assert/strict';
import { Tracer } from '../../injectors/tracer.js';
import { lapse } from '../../rig/time.js';
import type { Rig } from '../../rig.js';

/** D16: six ports for connections to one place, sessions that use them, and one more. */
export async function noPorts(rig: Rig): Promise<void> {
  // Tunnels go to a server of their own, so that the control connection finds a port.
  const cloud = await rig.rawCloud();
  const stand = await rig.start({
    sections: { cloud: { remoteAccessUrl: `http://127.0.0.1:${cloud.port}` } },
  });
  const target = await rig.target();
  rig.network.sysctl('net.ipv4.ip_local_port_range', '50000 50005');
  let opened = 0;
  let outcome = await stand.outcome(target);
  for (; outcome.operation.status === 'SUCCESSFUL' && opened < 10; outcome = await stand.outcome(target)) {
    opened += 1;
  }
  // The agent sees it coming where its last look at the ports was after the last session.
  assert.match(
    outcome.operation.failureReason ?? '',
    /^(local-resources: .*EADDRNOTAVAIL|overloaded: .*local ports)/,
  );
  // The kernel may leave a port unused that it could not have without a search.
  assert.ok(opened >= 4, `${opened} sessions were opened`);
  const sessions = await stand.agent.sessions();
  assert.equal(sessions.filter(({ state }) => state === 'open').length, opened);
  rig.network.sysctl('net.ipv4.ip_local_port_range', '32768 60999');
  const deadlineMs = performance.now() + 15_000;
  while ((await stand.outcome(target)).operation.status !== 'SUCCESSFUL') {
    assert.ok(performance.now() < deadlineMs, 'it recovers by itself');
    await lapse(500);
  }
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
    const tracer = await Tracer.attach(stand.agent.pid, rule);
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
