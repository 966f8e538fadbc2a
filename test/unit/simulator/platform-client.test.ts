import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BasicAuth, BearerAuth, Client, type FetchClient } from '@c8y/client';
import { BOOTSTRAP } from '../../../simulator/platform.js';
import { runningCloud } from '../../helpers/simulator/running-cloud.js';

/*
 * The platform's own JavaScript client, unmodified, against the simulator.
 */

test('the platform client logs in and reads and writes the inventory', async (t) => {
  const { cloud, deviceId } = await runningCloud(t);
  const { tenant, user, password } = cloud.operator;
  const client = new Client(new BasicAuth({ tenant, user, password }), cloud.url);
  assert.equal((await client.tenant.current()).data.name, 't0815');
  assert.equal((await client.user.current()).data.userName, 'operator');
  const { data: made } = await client.inventory.create({ name: 'press', c8y_IsDevice: {} });
  await client.inventory.update({ id: made.id, c8y_Hardware: { model: 'p1' } });
  const { data: read } = await client.inventory.detail(made.id);
  assert.deepEqual(read.c8y_Hardware, { model: 'p1' });
  const { data: list, paging } = await client.inventory.list({ pageSize: 1, withTotalPages: true });
  assert.deepEqual([list[0]?.id, paging?.totalPages], [deviceId, 2]);
  const query = { name: 'press' };
  const { data: found } = await client.inventory.listQuery(query);
  assert.deepEqual(
    found.map(({ id }) => id),
    [made.id],
  );
  await client.inventory.childDevicesAdd(made.id, deviceId);
  const { data: children } = await client.inventory.childDevicesList(deviceId);
  assert.deepEqual(
    children.map(({ id }) => id),
    [made.id],
  );
  await client.inventory.delete(made.id);
  await assert.rejects(
    client.inventory.detail(made.id),
    (error: { res: { status: number } }) => error.res.status === 404,
  );
});

test('the platform client binds external ids and works on operations', async (t) => {
  const { cloud, deviceId } = await runningCloud(t);
  const { tenant, user, password } = cloud.operator;
  const client = new Client(new BasicAuth({ tenant, user, password }), cloud.url);
  await client.identity.create({ type: 'my_Id', externalId: 'a/b', managedObject: { id: deviceId } });
  const { data: identity } = await client.identity.detail({ type: 'c8y_Serial', externalId: 'gw-1' });
  assert.equal(identity.managedObject?.id, deviceId);
  const { data: ids } = await client.identity.list(deviceId);
  assert.deepEqual(
    ids.map(({ externalId }) => externalId),
    ['gw-1', 'a/b'],
  );
  const { data: made } = await client.operation.create({ deviceId, c8y_Restart: {} });
  const { data: updated } = await client.operation.update({
    id: made.id ?? '',
    status: 'EXECUTING' as never,
  });
  assert.equal(updated.status, 'EXECUTING');
  const { data: list } = await client.operation.list({ agentId: deviceId, status: 'EXECUTING' });
  assert.deepEqual(
    list.map(({ id }) => id),
    [made.id],
  );
});

test('the platform client registers a device with the bootstrap user', async (t) => {
  const { cloud } = await runningCloud(t);
  const { tenant, user, password } = cloud.operator;
  const admin = new Client(new BasicAuth({ tenant, user, password }), cloud.url);
  const bootstrap = new BasicAuth({
    tenant: BOOTSTRAP.tenant,
    user: BOOTSTRAP.name,
    password: BOOTSTRAP.password,
  });
  const device = new Client(bootstrap, cloud.url);
  const login = { basicAuth: { user: `${BOOTSTRAP.tenant}/${BOOTSTRAP.name}`, pass: BOOTSTRAP.password } };
  await admin.deviceRegistration.create({ id: 'gw-8' });
  await assert.rejects(device.deviceRegistration.bootstrap('gw-8', login));
  await admin.deviceRegistration.accept('gw-8');
  const { data } = await device.deviceRegistration.bootstrap('gw-8', login);
  assert.equal(data.username, 'device_gw-8');
});

test('the platform client logs in with a token', async (t) => {
  const { cloud, deviceId } = await runningCloud(t);
  const user = cloud.platform.users.get('operator') ?? assert.fail();
  const { value } = cloud.platform.users.issueToken(user);
  const client = new Client(new BearerAuth(value), cloud.url);
  const core: FetchClient = client.core;
  const response = await core.fetch('/user/currentUser');
  assert.equal(response.status, 200);
  assert.equal(((await response.json()) as { id: string }).id, 'operator');
  assert.equal((await core.fetch(`/inventory/managedObjects/${deviceId}`, { method: 'HEAD' })).status, 200);
});
