import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { credentialsOf } from '../../../src/cloud/authorization.js';
import { CloudClock } from '../../../src/cloud/cloud-clock.js';
import { RestClient } from '../../../src/cloud/rest-client.js';
import { RestStatus } from '../../../src/cloud/rest-status.js';
import type { Delivery } from '../../../src/cloud/status-transport.js';
import { cloudConfig } from './fixtures.js';
import { reply, ScriptedCloud } from './scripted-cloud.js';

async function sendTo(
  t: TestContext,
  status: number,
  headers: Record<string, string> = {},
): Promise<{ delivery: Delivery; cloud: ScriptedCloud }> {
  const cloud = await ScriptedCloud.start();
  cloud.scripts.push((_request, response) => {
    reply(response, status, {}, headers);
    return true;
  });
  const config = cloudConfig(cloud.url);
  const rest = new RestClient({
    cloud: config,
    credentials: credentialsOf(config),
    clock: new CloudClock({ now: Date.now }),
    parseJson: (document) => JSON.parse(document.toString()) as unknown,
    requestMs: 2_000,
  });
  t.after(async () => {
    await rest.close();
    await cloud.stop();
  });
  const update = {
    operationId: '90017',
    deviceId: '1',
    status: 'FAILED',
    failureReason: 'cancelled: x',
  } as const;
  return { delivery: await new RestStatus(rest).send(update, new AbortController().signal), cloud };
}

test('a status is put to its operation by id', async (t) => {
  const { delivery, cloud } = await sendTo(t, 200);
  assert.deepEqual(delivery, { kind: 'delivered' });
  assert.deepEqual(cloud.statuses('90017'), [{ status: 'FAILED', failureReason: 'cancelled: x' }]);
});

const answers: [number, string, boolean?][] = [
  [204, 'delivered'],
  [400, 'dropped'],
  [404, 'dropped'],
  [409, 'dropped'],
  [422, 'dropped'],
  [401, 'retry', true],
  [403, 'retry', false],
  [429, 'retry', true],
  [500, 'retry', false],
  [502, 'retry', false],
  [503, 'retry', true],
  [307, 'retry', false],
];
for (const [status, kind, everything] of answers) {
  const whose =
    everything === undefined ? '' : everything ? ', and so is every other' : ', and others are not';
  test(`answered ${status}, a status is ${kind}${whose}`, async (t) => {
    const { delivery } = await sendTo(t, status);
    assert.equal(delivery.kind, kind);
    assert.equal(delivery.kind === 'retry' ? delivery.everything : undefined, everything);
  });
}

test('A05: Retry-After decides when to try again', async (t) => {
  const { delivery } = await sendTo(t, 429, { 'retry-after': '7' });
  assert.deepEqual(delivery.kind === 'retry' ? delivery.pace : undefined, { kind: 'after', ms: 7_000 });
});
