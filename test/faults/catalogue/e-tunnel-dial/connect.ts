import assert from 'node:assert/strict';
import type { FailureCode } from '../../../../contract/failure.js';
import { closedPort } from '../../../helpers/closed-port.js';
import { assertWithin } from '../../rig/time.js';
import type { Rig } from '../../rig.js';

/** E01: the tunnel endpoint is another host than the control connection's, and not there in each of four ways. */
export async function notThere(rig: Rig): Promise<void> {
  rig.network.route('add', 'unreachable', '10.9.9.9/32');
  const silentPort = await closedPort();
  rig.network.silence(silentPort);
  await rig.nameServer({ 'servfail.example': { rcode: 'SERVFAIL' } });
  const cases: [url: string, code: FailureCode, limitMs: number][] = [
    [`http://127.0.0.1:${await closedPort()}`, 'cloud-unreachable', 1_000],
    [`http://127.0.0.1:${silentPort}`, 'cloud-timeout', 3_100],
    ['https://10.9.9.9:8443', 'cloud-unreachable', 1_000],
    ['https://nobody.example:8443', 'cloud-unreachable', 4_000],
    ['https://servfail.example:8443', 'cloud-unreachable', 4_000],
  ];
  for (const [remoteAccessUrl, code, limitMs] of cases) {
    const stand = await rig.start({
      sections: { cloud: { remoteAccessUrl }, limits: { connectTimeout: '3s' } },
    });
    const target = await rig.target();
    const { ms, operation } = await stand.expectFailed(code, target, limitMs + 5_000);
    rig.figure(`${new URL(remoteAccessUrl).hostname} ms`, ms);
    assertWithin(ms, limitMs);
    assert.ok(operation.failureReason?.includes(new URL(remoteAccessUrl).hostname), operation.failureReason);
    stand.ledger.assertOneFinalStatusEach();
    await stand.end();
  }
}
