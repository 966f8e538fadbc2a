import assert from 'node:assert/strict';
import { closedPort } from '../../../helpers/closed-port.js';
import { eventually } from '../../../helpers/eventually.js';
import { assertWithin, lapse } from '../../rig/time.js';
import type { Rig } from '../../rig.js';

/** D07: nothing listens on the port. */
export async function refused(rig: Rig): Promise<void> {
  const stand = await rig.start();
  // The first one also starts the tunnel's side of the worker; the second shows what a refusal costs.
  await stand.expectFailed('target-refused', { port: await closedPort() });
  const { ms, operation } = await stand.expectFailed('target-refused', { port: await closedPort() });
  rig.figure('refused ms', ms);
  assertWithin(ms, 100);
  assert.match(operation.failureReason ?? '', /127\.0\.0\.1:\d+/);
  stand.ledger.assertOneFinalStatusEach();
  await stand.expectEcho(await rig.target());
}

/** D08: the target answers no SYN; the kernel alone would try for two minutes. */
export async function silent(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const port = await closedPort();
  rig.network.silence(port);
  const { ms, operation } = await stand.expectFailed('target-timeout', { port }, 15_000);
  rig.figure('gave up after ms', ms);
  assert.ok(ms >= 9_900, `given up after ${ms} ms`);
  assertWithin(ms, 10_100);
  assert.match(operation.failureReason ?? '', /10 s/);
  stand.ledger.assertOneFinalStatusEach();
  await stand.expectEcho(await rig.target());
}

/** D09: each way in which a host cannot be reached, as the kernel has them. */
export async function unreachable(rig: Rig): Promise<void> {
  const { network } = rig;
  network.route('add', 'unreachable', '10.8.1.0/24');
  network.route('add', 'prohibit', '10.8.2.0/24');
  network.route('add', 'blackhole', '10.8.3.0/24');
  const stand = await rig.start({
    sections: { conduits: [{ name: 'all', host: '10.8.0.0/16', ports: ['*'] }] },
  });
  const cases = [
    ['10.8.1.1', 'EHOSTUNREACH'],
    ['10.8.2.1', 'EACCES'],
    ['10.8.3.1', 'EINVAL'],
    ['10.8.4.1', 'ENETUNREACH'],
  ] as const;
  for (const [hostname, errno] of cases) {
    const { ms, operation } = await stand.expectFailed('target-unreachable', { hostname, port: 22 });
    assertWithin(ms, 100);
    assert.ok(operation.failureReason?.includes(errno), operation.failureReason);
  }
  stand.ledger.assertOneFinalStatusEach();
}

/** D14: the last SYN that is sent before the deadline is the first one that gets through. */
export async function lateAnswer(rig: Rig): Promise<void> {
  const stand = await rig.start({ sections: { limits: { connectTimeout: '3400ms' } } });
  const target = await rig.target();
  rig.network.rule(`tcp dport ${target.port} drop`);
  const tunnel = await stand.open(target);
  // Kernels send a SYN again after 1 and 3 s, newer ones after 1, 2 and 3 s.
  await lapse(2_500);
  rig.network.clear();
  tunnel.write('late');
  const connection = await target.connection();
  const { status } = await stand.final();
  assert.equal(status, 'SUCCESSFUL');
  await eventually(() => connection.received.toString() === 'late' || undefined, 'the bytes at the target');
}

/** D15: with one port to choose from, a connect to that very port meets itself. */
export async function selfConnect(rig: Rig): Promise<void> {
  const port = 50_000;
  const cloud = await rig.rawCloud();
  // Tunnels go to a server of their own, so that they and the control connection never want the same pair of ports.
  const stand = await rig.start({
    sections: { cloud: { remoteAccessUrl: `http://127.0.0.1:${cloud.port}` } },
  });
  rig.network.sysctl('net.ipv4.ip_local_port_range', `${port} ${port}`);
  const { ms } = await stand.expectFailed('target-refused', { port });
  assertWithin(ms, 1_000);
  rig.network.sysctl('net.ipv4.ip_local_port_range', '32768 60999');
  stand.ledger.assertOneFinalStatusEach();
  const { operation } = await stand.outcome(await rig.target());
  assert.equal(operation.status, 'SUCCESSFUL');
}
