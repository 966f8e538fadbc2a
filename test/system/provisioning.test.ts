import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { startCloud, type Cloud } from '../../simulator/cloud.js';
import type { ManagedObject } from '../../simulator/store/inventory.js';
import { startAgent } from '../helpers/agent.js';
import { eventually } from '../helpers/eventually.js';
import { FAST } from '../helpers/timing.js';

const OPERATION = 'c8y_RemoteAccessConnect';
const PROTOCOLS = ['SSH', 'TELNET', 'VNC', 'PASSTHROUGH'];
const PASSWORD = 'a-password-of-gw-9';

const CHILDREN = [
  { externalId: 'plc-1', name: 'Filler PLC' },
  { externalId: 'hmi 2/ä', name: 'Packer HMI' },
];

type Kind = 'rest' | 'mqtt';

/** A cloud in which the device may log in, but has no managed object. */
async function emptyCloud(t: TestContext): Promise<Cloud> {
  const cloud = await startCloud({ mqttPort: 0 });
  t.after(() => cloud.stop());
  cloud.platform.users.addDevice('gw-9', PASSWORD);
  return cloud;
}

/** Runs an agent until it is connected, and gives what the inventory was told meanwhile. */
async function runOnce(cloud: Cloud, kind: Kind, version = '1.0.0'): Promise<string[]> {
  const changes: string[] = [];
  const onChange = (change: string, { id }: ManagedObject) => changes.push(`${change} ${id}`);
  cloud.platform.on('managedObject', onChange);
  const agent = await startAgent(
    {
      cloud: { url: cloud.url, tenant: 't0815', user: 'device_gw-9', password: PASSWORD },
      device: { externalId: 'gw-9', name: 'Gateway 9', children: CHILDREN },
      intake: { kind, ...(kind === 'mqtt' ? { mqttUrl: cloud.mqttUrl } : {}) },
      conduits: [{ name: 'loopback', host: '127.0.0.1', ports: ['*'] }],
      workers: { count: 1 },
      admin: { listen: 'off' },
    },
    { timing: FAST, version },
  );
  try {
    await eventually(
      () => agent.log.some((line) => line.includes('"connected to the cloud"')) || undefined,
      'the link',
    );
  } finally {
    await agent.stop();
    cloud.platform.off('managedObject', onChange);
  }
  return changes;
}

const find = (cloud: Cloud, externalId: string): ManagedObject =>
  cloud.platform.deviceBySerial(externalId) ?? assert.fail(`no device ${externalId}`);

for (const kind of ['rest', 'mqtt'] as const) {
  test(`over ${kind}, gateway and children are created where they are absent, and a second start changes nothing`, async (t) => {
    const cloud = await emptyCloud(t);
    assert.notDeepEqual(await runOnce(cloud, kind), []);
    const gateway = find(cloud, 'gw-9');
    assert.equal(gateway.name, 'Gateway 9');
    assert.deepEqual(gateway.c8y_IsDevice, {});
    assert.deepEqual(gateway.com_cumulocity_model_Agent, {});
    assert.deepEqual(gateway.c8y_Agent, { name: 'Gatehouse', version: '1.0.0' });
    assert.deepEqual(gateway.c8y_SupportedOperations, [OPERATION]);
    assert.deepEqual(gateway.c8y_RemoteAccessSupportedProtocols, PROTOCOLS);
    for (const { externalId, name } of CHILDREN) {
      const child = find(cloud, externalId);
      assert.equal(child.name, name);
      assert.equal(cloud.platform.inventory.parent(child.id), gateway.id);
      assert.equal(child.com_cumulocity_model_Agent, undefined, 'a child is no agent');
      assert.deepEqual(child.c8y_SupportedOperations, [OPERATION]);
      assert.deepEqual(child.c8y_RemoteAccessSupportedProtocols, PROTOCOLS);
    }
    assert.equal(cloud.platform.inventory.size, 3);

    cloud.requests.clear();
    assert.deepEqual(await runOnce(cloud, kind), []);
    const writes = cloud.requests.list().filter(({ method, path }) => {
      return method !== 'GET' && !path.startsWith('/notification/');
    });
    assert.deepEqual(writes, []);
    assert.equal(cloud.platform.inventory.size, 3);
  });
}

test('what is there already stays: names, types, lists and fragments of others', async (t) => {
  const cloud = await emptyCloud(t);
  const theirs = {
    type: 'acme_Gateway',
    c8y_Agent: { name: 'acme-agent', version: '7' },
    c8y_SupportedOperations: ['c8y_Restart', 'c8y_Command'],
    c8y_RemoteAccessSupportedProtocols: ['VNC', 'ACME'],
    acme_Site: { hall: 4 },
  };
  const gateway = cloud.platform.ensureDevice('gw-9', { name: 'Hall 4', ...theirs });
  const child = cloud.addChild(gateway.id, 'plc-1', {
    name: 'Old name',
    c8y_SupportedOperations: ['c8y_Firmware'],
  });
  await runOnce(cloud, 'rest');

  const after = find(cloud, 'gw-9');
  assert.equal(after.id, gateway.id);
  assert.equal(after.name, 'Hall 4');
  assert.equal(after.type, 'acme_Gateway');
  assert.deepEqual(after.c8y_Agent, theirs.c8y_Agent);
  assert.deepEqual(after.acme_Site, theirs.acme_Site);
  assert.deepEqual(after.c8y_SupportedOperations, ['c8y_Restart', 'c8y_Command', OPERATION]);
  assert.deepEqual(after.c8y_RemoteAccessSupportedProtocols, ['VNC', 'ACME', 'SSH', 'TELNET', 'PASSTHROUGH']);
  const childAfter = find(cloud, 'plc-1');
  assert.equal(childAfter.id, child.id);
  assert.equal(childAfter.name, 'Old name');
  assert.deepEqual(childAfter.c8y_SupportedOperations, ['c8y_Firmware', OPERATION]);
  assert.deepEqual(childAfter.c8y_RemoteAccessSupportedProtocols, PROTOCOLS);
  assert.deepEqual(await runOnce(cloud, 'rest'), []);
});

test('a child that exists without a parent is linked, and keeps the rest', async (t) => {
  const cloud = await emptyCloud(t);
  const gateway = cloud.platform.ensureDevice('gw-9');
  const orphan = cloud.platform.inventory.create({ name: 'Orphan', c8y_IsDevice: {} }, 'device_gw-9');
  cloud.platform.identity.bind(orphan.id, 'c8y_Serial', 'plc-1');
  await runOnce(cloud, 'rest');
  assert.equal(cloud.platform.inventory.parent(orphan.id), gateway.id);
  assert.equal(find(cloud, 'plc-1').name, 'Orphan');
});

test('a new version is written into our own agent fragment, and nothing else', async (t) => {
  const cloud = await emptyCloud(t);
  await runOnce(cloud, 'rest');
  const gateway = find(cloud, 'gw-9');
  assert.deepEqual(await runOnce(cloud, 'rest', '1.1.0'), [`UPDATE ${gateway.id}`]);
  const after = find(cloud, 'gw-9');
  const c8y_Agent = { name: 'Gatehouse', version: '1.1.0' };
  assert.deepEqual(after, { ...gateway, c8y_Agent, lastUpdated: after.lastUpdated });
});
