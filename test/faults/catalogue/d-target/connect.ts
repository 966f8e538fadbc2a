import assert from 'node:assert/strict';
import { closedPort } from '../../../helpers/closed-port.js';
import { assertWithin } from '../../rig/time.js';
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
