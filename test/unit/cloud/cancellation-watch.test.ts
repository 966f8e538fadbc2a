import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { FAST, until } from './fixtures.js';
import { started } from './rest-side.js';
import { reply } from './scripted-cloud.js';

/** A side that watches these operations, and what it says was cancelled. */
async function watching(t: TestContext, watched: () => readonly string[]) {
  const cancelled: string[] = [];
  const begun = await started(t, undefined, {
    timing: { ...FAST, cancellationMs: 5 },
    connectingFor: watched,
    onCancelled: (id) => cancelled.push(id),
  });
  return { ...begun, cancelled };
}

const looks = (seen: readonly { path: string }[], id: string) =>
  seen.filter(({ path }) => path === `/devicecontrol/operations/${id}`).length;

test('C07: an operation that somebody failed while it connects is told, and so is one that is gone', async (t) => {
  const ids: string[] = [];
  const { cloud, gatewayId, cancelled } = await watching(t, () => ids);
  const [failed, gone, alive] = [1, 2, 3].map(() => cloud.addOperation(gatewayId)) as [
    string,
    string,
    string,
  ];
  ids.push(failed, gone, alive);
  const seen = () => cloud.seen('GET', /operations\/\d+$/);
  await until(() => ids.every((id) => looks(seen(), id) >= 2), 'two looks at each');
  assert.equal(cancelled.length, 0);
  Object.assign(cloud.operations.get(failed) ?? assert.fail(), { status: 'FAILED' });
  cloud.operations.delete(gone);
  await until(() => cancelled.includes(failed) && cancelled.includes(gone), 'both');
  assert.equal(cancelled.includes(alive), false);
});

test('nothing is asked while nothing takes long, and trouble of the cloud cancels nothing', async (t) => {
  const ids: string[] = [];
  const { cloud, gatewayId, cancelled, side } = await watching(t, () => ids);
  await until(() => side.state() === 'connected', 'the connection');
  assert.equal(cloud.seen('GET', /operations\/\d+$/).length, 0);
  cloud.scripts.push((request, response) => {
    if (!/operations\/\d+$/.test(request.path)) return false;
    reply(response, 503, {});
    return true;
  });
  ids.push(cloud.addOperation(gatewayId));
  await until(() => cloud.seen('GET', /operations\/\d+$/).length >= 3, 'three looks');
  assert.deepEqual(cancelled, []);
});

test('of many, a few are asked for at a time, and each has its turn', async (t) => {
  const ids: string[] = [];
  const { cloud, gatewayId } = await watching(t, () => ids);
  for (let count = 0; count < 30; count += 1) ids.push(cloud.addOperation(gatewayId));
  await until(() => {
    const seen = cloud.seen('GET', /operations\/\d+$/);
    return ids.every((id) => looks(seen, id) > 0);
  }, 'a look at each');
});
