import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call, runningCloud } from '../../helpers/simulator/running-cloud.js';

test('operations come in pages of 5, ascending, with a next link and totals on request', async (t) => {
  const { cloud, operator, deviceId } = await runningCloud(t);
  const ids = Array.from({ length: 12 }, () => cloud.createOperation(deviceId, { c8y_Restart: {} }).id);
  const first = await call(
    `${cloud.url}/devicecontrol/operations?deviceId=${deviceId}&withTotalPages=true`,
    operator,
  );
  assert.deepEqual(first.json.statistics, { currentPage: 1, pageSize: 5, totalPages: 3 });
  const seen: string[] = [];
  let url: unknown = first.json.self;
  while (typeof url === 'string') {
    const { json } = await call(url, operator);
    seen.push(...(json.operations as { id: string }[]).map(({ id }) => id));
    url = json.next;
  }
  assert.deepEqual(seen, ids);
  const wide = await call(`${cloud.url}/devicecontrol/operations?pageSize=100000`, operator);
  assert.deepEqual(wide.json.statistics, { currentPage: 1, pageSize: 2000 });
  assert.equal((await call(`${cloud.url}/devicecontrol/operations?pageSize=x`, operator)).status, 422);
});

test('operations are filtered by agent with its children, device, status, fragment and date', async (t) => {
  const { cloud, operator, deviceId } = await runningCloud(t);
  const child = cloud.addChild(deviceId, 'plc-3');
  const own = cloud.createOperation(deviceId, { c8y_Restart: {} });
  const childs = cloud.createOperation(child.id, { c8y_RemoteAccessConnect: {} });
  cloud.platform.operations.update(own.id, { status: 'EXECUTING' });
  const list = async (query: string) => {
    const { json } = await call(`${cloud.url}/devicecontrol/operations?${query}`, operator);
    return json.operations as {
      id: string;
      deviceName: string;
      deviceExternalIDs?: { externalIds: unknown[] };
    }[];
  };
  const ids = async (query: string) => (await list(query)).map(({ id }) => id);
  assert.deepEqual(await ids(`agentId=${deviceId}`), [own.id, childs.id]);
  assert.deepEqual(await ids(`deviceId=${deviceId}`), [own.id]);
  assert.deepEqual(await ids(`agentId=${deviceId}&status=PENDING`), [childs.id]);
  assert.deepEqual(await ids('fragmentType=c8y_Restart'), [own.id]);
  assert.deepEqual(await ids('dateFrom=2100-01-01'), []);
  assert.deepEqual(await ids('dateTo=2100-01-01'), [own.id, childs.id]);
  const [, byAgent] = await list(`agentId=${deviceId}`);
  assert.deepEqual(byAgent?.deviceExternalIDs?.externalIds, [{ type: 'c8y_Serial', externalId: 'plc-3' }]);
  assert.equal(byAgent.deviceName, 'plc-3');
  const [byDevice] = await list(`deviceId=${child.id}`);
  assert.equal(byDevice?.deviceExternalIDs, undefined);
  assert.equal((await call(`${cloud.url}/devicecontrol/operations?status=DONE`, operator)).status, 422);
});

test('an operation is created for agents and their children only, and takes the four statuses only', async (t) => {
  const { cloud, operator, deviceId } = await runningCloud(t);
  const url = `${cloud.url}/devicecontrol/operations`;
  const loner = cloud.platform.inventory.create({ name: 'asset' }, 'operator');
  assert.equal((await call(url, operator, 'POST', { deviceId: loner.id })).status, 422);
  assert.equal((await call(url, operator, 'POST', {})).status, 422);
  assert.equal((await call(url, operator, 'POST', { deviceId: '1' })).status, 404);
  const made = await call(url, operator, 'POST', { deviceId, c8y_Restart: {} });
  assert.equal(made.status, 201);
  assert.equal(made.json.status, 'PENDING');
  const self = made.headers.get('location') ?? '';
  assert.equal((await call(self, operator, 'PUT', { status: 'DONE' })).status, 422);
  const failed = await call(self, operator, 'PUT', { status: 'FAILED', failureReason: 'x' });
  assert.equal(failed.status, 200);
  assert.equal(failed.json.failureReason, 'x');
  const missing = await call(`${url}/1`, operator, 'PUT', { status: 'FAILED' });
  assert.equal(missing.json.error, 'devicecontrol/Not Found');
  assert.equal(missing.status, 404);
});

test('a device user sees and changes its own tree only', async (t) => {
  const { cloud, deviceId, device, operator } = await runningCloud(t);
  const other = cloud.registerDevice('gw-2');
  const child = cloud.addChild(deviceId, 'plc-3');
  const own = cloud.createOperation(child.id, {});
  const foreign = cloud.createOperation(other.id, {});
  const url = `${cloud.url}/devicecontrol/operations`;
  assert.equal((await call(`${url}/${own.id}`, device, 'PUT', { status: 'EXECUTING' })).status, 200);
  assert.equal((await call(`${url}/${foreign.id}`, device, 'PUT', { status: 'EXECUTING' })).status, 403);
  const { json } = await call(url, device);
  assert.deepEqual(
    (json.operations as { id: string }[]).map(({ id }) => id),
    [own.id],
  );
  assert.equal((await call(`${cloud.url}/inventory/managedObjects/${child.id}`, device)).status, 200);
  assert.equal((await call(`${cloud.url}/inventory/managedObjects/${other.id}`, device)).status, 403);
  const configurations = `${cloud.url}/service/remoteaccess/devices/${deviceId}/configurations`;
  assert.equal((await call(configurations, device)).status, 403);
  assert.equal((await call(configurations, operator)).status, 200);
});
