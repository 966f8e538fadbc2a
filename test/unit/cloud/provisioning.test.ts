import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { cloudConfig, deviceConfig, deviceSide, restIntake, until, type Side } from './fixtures.js';
import { reply, ScriptedCloud } from './scripted-cloud.js';

async function provisioned(
  t: TestContext,
  children: string[],
  prepare: (cloud: ScriptedCloud) => void = () => undefined,
): Promise<{ cloud: ScriptedCloud; side: Side }> {
  const cloud = await ScriptedCloud.start();
  prepare(cloud);
  const side = deviceSide({
    cloud: cloudConfig(cloud.url),
    device: deviceConfig(children),
    intake: restIntake(),
  });
  t.after(async () => {
    await side.cloud.close();
    await cloud.stop();
  });
  side.cloud.intake.start();
  await until(() => side.state() === 'connected', 'the connection');
  return { cloud, side };
}

test('a gateway and children that the cloud does not know are created, linked and named', async (t) => {
  const { cloud, side } = await provisioned(t, ['plc-1', 'plc/2']);
  const gatewayId = side.cloud.gatewayId() ?? '';
  assert.deepEqual(cloud.inventory.get(gatewayId), {
    id: gatewayId,
    name: 'Gateway 7',
    type: 'gatehouse_Gateway',
    c8y_IsDevice: {},
    com_cumulocity_model_Agent: {},
    c8y_Agent: { name: 'Gatehouse', version: '1.2.3' },
    c8y_SupportedOperations: ['c8y_RemoteAccessConnect'],
    c8y_RemoteAccessSupportedProtocols: ['SSH', 'TELNET', 'VNC', 'PASSTHROUGH'],
  });
  const childId = cloud.identities.get('c8y_Serial/plc/2') ?? '';
  assert.equal(cloud.inventory.get(childId)?.name, 'Name of plc/2');
  assert.equal('com_cumulocity_model_Agent' in (cloud.inventory.get(childId) ?? {}), false);
  assert.equal(cloud.children.get(gatewayId)?.size, 2);
  assert.equal(side.cloud.device(childId)?.child?.externalId, 'plc/2');
  assert.deepEqual(side.cloud.device(gatewayId), { externalId: 'gw-7' });
  assert.equal(side.cloud.device('999'), undefined);
});

test('a device that is there keeps its name, its operations and its other agent', async (t) => {
  const { cloud, side } = await provisioned(t, [], (scripted) => {
    scripted.addDevice('gw-7', {
      name: 'Renamed by a user',
      c8y_SupportedOperations: ['c8y_Restart'],
      c8y_Agent: { name: 'thin-edge.io' },
    });
  });
  const device = cloud.inventory.get(side.cloud.gatewayId() ?? '');
  assert.equal(device?.name, 'Renamed by a user');
  assert.deepEqual(device.c8y_SupportedOperations, ['c8y_Restart', 'c8y_RemoteAccessConnect']);
  assert.deepEqual(device.c8y_Agent, { name: 'thin-edge.io' });
  assert.ok('com_cumulocity_model_Agent' in device);
});

test('a second start writes nothing', async (t) => {
  const { cloud } = await provisioned(t, ['plc-1']);
  const writes = () =>
    cloud.requests.filter((one) => one.method !== 'GET' && !one.path.startsWith('/notification'));
  const before = writes().length;
  const device = deviceConfig(['plc-1']);
  const second = deviceSide({ cloud: cloudConfig(cloud.url), device, intake: restIntake() });
  t.after(() => second.cloud.close());
  second.cloud.intake.start();
  await until(() => second.state() === 'connected', 'the second connection');
  assert.equal(writes().length, before);
});

test('when somebody else registers the id first, theirs is taken and ours removed', async (t) => {
  let theirs = '';
  const { cloud, side } = await provisioned(t, [], (scripted) => {
    scripted.scripts.push((request) => {
      if (theirs === '' && request.method === 'POST' && request.path.startsWith('/identity')) {
        theirs = scripted.addDevice('gw-7');
      }
      return false;
    });
  });
  assert.equal(side.cloud.gatewayId(), theirs);
  assert.deepEqual([...cloud.inventory.keys()], [theirs]);
  assert.deepEqual(cloud.inventory.get(theirs)?.c8y_SupportedOperations, ['c8y_RemoteAccessConnect']);
});

test('a declaration that another writer undoes is made again, once', async (t) => {
  let undone = 0;
  const { cloud, side } = await provisioned(t, [], (scripted) => {
    const id = scripted.addDevice('gw-7');
    scripted.scripts.push((request, response) => {
      if (request.method !== 'PUT' || undone > 0) return false;
      undone += 1;
      scripted.inventory.set(id, {
        id,
        ...(request.body as object),
        c8y_SupportedOperations: ['c8y_Restart'],
      });
      reply(response, 200, {});
      return true;
    });
  });
  assert.deepEqual(cloud.inventory.get(side.cloud.gatewayId() ?? '')?.c8y_SupportedOperations, [
    'c8y_Restart',
    'c8y_RemoteAccessConnect',
  ]);
});

test('a child that the cloud refuses costs that child only', async (t) => {
  const { side, cloud } = await provisioned(t, ['plc-1', 'plc-2'], (scripted) => {
    scripted.scripts.push((request, response) => {
      const refused = request.path.endsWith('/plc-1');
      if (refused) reply(response, 403, {});
      return refused;
    });
  });
  assert.ok(side.cloud.device(cloud.identities.get('c8y_Serial/plc-2') ?? ''));
  assert.ok(side.log.lines.some(({ level, text }) => level === 'error' && text.includes('plc-1')));
});

test('more children than one page are all found linked', async (t) => {
  const names = Array.from({ length: 150 }, (_none, index) => `plc-${index}`);
  const { cloud } = await provisioned(t, names, (scripted) => {
    const gatewayId = scripted.addDevice('gw-7');
    scripted.children.set(gatewayId, new Set(names.map((name) => scripted.addDevice(name))));
  });
  assert.equal(cloud.seen('POST', /childDevices/).length, 0);
});
