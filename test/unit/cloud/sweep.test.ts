import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAST, until } from './fixtures.js';
import { started } from './rest-side.js';
import { reply } from './scripted-cloud.js';

test('every page of pending operations is delivered, oldest first', async (t) => {
  const ids: string[] = [];
  const { side } = await started(t, (cloud, gatewayId) => {
    for (let count = 0; count < 1_201; count += 1) ids.push(cloud.addOperation(gatewayId));
  });
  await until(() => side.delivered.length === ids.length, 'all operations');
  assert.deepEqual(side.delivered, ids);
});

test('the list is asked for our agent and our fragment', async (t) => {
  const { cloud, gatewayId } = await started(t, () => undefined);
  await until(() => cloud.seen('GET', /devicecontrol/).length >= 2, 'the sweep');
  const query = Object.fromEntries(cloud.seen('GET', /devicecontrol/)[1]?.query ?? []);
  assert.deepEqual(query, {
    agentId: gatewayId,
    status: 'PENDING',
    fragmentType: 'c8y_RemoteAccessConnect',
    pageSize: '500',
    currentPage: '1',
  });
});

test('the sweep comes again while the link is up', async (t) => {
  const { cloud, side, gatewayId } = await started(t, () => undefined, { timing: { ...FAST, sweepMs: 10 } });
  await until(() => cloud.polling && cloud.seen('GET', /devicecontrol/).length >= 3, 'two sweeps');
  const id = cloud.addOperation(gatewayId);
  await until(() => side.delivered.includes(id), 'the operation whose notification was lost');
});

test('a sweep that fails is repeated, and said once', async (t) => {
  let failures = 0;
  let id = '';
  const { side } = await started(t, (cloud, gatewayId) => {
    id = cloud.addOperation(gatewayId);
    cloud.scripts.push((request, response) => {
      const fails = request.path === '/devicecontrol/operations' && failures < 3;
      if (fails) {
        failures += 1;
        reply(response, 502, {});
      }
      return fails;
    });
  });
  await until(() => side.delivered.includes(id), 'the operation');
  assert.deepEqual(side.log.warnings(), ['the list of operations cannot be read']);
});

test('C14: operations that an earlier run left EXECUTING are failed by id, once', async (t) => {
  const left: string[] = [];
  const { cloud, side } = await started(
    t,
    (scripted, gatewayId) => {
      for (let count = 0; count < 501; count += 1) {
        left.push(scripted.addOperation(gatewayId, { status: 'EXECUTING' }));
      }
    },
    { timing: { ...FAST, sweepMs: 10 } },
  );
  await until(() => left.every((id) => cloud.operations.get(id)?.status === 'FAILED'), 'the verdicts');
  assert.match(String(cloud.operations.get(left[500] ?? '')?.failureReason), /^agent-restarted: /);
  await until(() => cloud.seen('GET', /devicecontrol/).length >= 8, 'more sweeps');
  assert.equal(
    cloud.seen('GET', /devicecontrol/).filter(({ query }) => query.get('status') === 'EXECUTING').length,
    3,
  );
  assert.deepEqual(side.delivered, []);
});

test('what is ours, newer than we are, or none of our business is left alone', async (t) => {
  const ids = { ours: '', newer: '', other: '', odd: '', old: '' };
  const { cloud } = await started(
    t,
    (scripted, gatewayId) => {
      const status = 'EXECUTING';
      ids.ours = scripted.addOperation(gatewayId, { status });
      ids.newer = scripted.addOperation(gatewayId, {
        status,
        creationTime: new Date(Date.now() + 10_000).toISOString(),
      });
      ids.other = scripted.addOperation(gatewayId, {
        status,
        c8y_RemoteAccessConnect: undefined,
        c8y_Restart: {},
      });
      ids.odd = scripted.addOperation('../../x', { status });
      ids.old = scripted.addOperation(gatewayId, { status });
      // A cloud that does not know the filter must not make us fail what belongs to others.
      scripted.scripts.push((request, response) => {
        const asked = request.query.get('status') === status && request.query.get('currentPage') === '1';
        if (asked) reply(response, 200, { operations: [...scripted.operations.values()] });
        return asked;
      });
    },
    { isOurs: (id) => id === ids.ours },
  );
  await until(() => cloud.operations.get(ids.old)?.status === 'FAILED', 'the old one');
  for (const id of [ids.ours, ids.newer, ids.other, ids.odd]) {
    assert.equal(cloud.operations.get(id)?.status, 'EXECUTING');
  }
});

test("leftovers are judged by the cloud's clock", async (t) => {
  const HOUR_MS = 3_600_000;
  const ids = { before: '', after: '' };
  const { cloud, side } = await started(
    t,
    (scripted, gatewayId) => {
      const at = (ms: number) => ({
        status: 'EXECUTING',
        creationTime: new Date(Date.now() + ms).toISOString(),
      });
      ids.before = scripted.addOperation(gatewayId, at(-60_000));
      ids.after = scripted.addOperation(gatewayId, at(60_000));
    },
    { now: () => Date.now() - HOUR_MS },
  );
  await until(() => cloud.operations.get(ids.before)?.status === 'FAILED', 'the one from before our start');
  assert.equal(cloud.operations.get(ids.after)?.status, 'EXECUTING');
  assert.ok(side.log.warnings().includes("the gateway's clock differs from the cloud's"));
});
