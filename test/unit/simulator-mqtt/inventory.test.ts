import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, startBench } from './bench.js';

test('the first message of a client creates its device, that of a child its child', async (context) => {
  const { url, platform } = await startBench(context);
  const { client } = await connect(context, url);
  await client.publishAsync('s/us/plc-3', '114,c8y_RemoteAccessConnect', { qos: 2 });
  const gateway = platform.deviceBySerial('gw-7');
  const child = platform.deviceBySerial('plc-3');
  assert.ok(gateway !== undefined && child !== undefined);
  assert.equal(gateway.type, 'c8y_MQTTDevice');
  assert.equal(gateway.owner, 'device_gw-7');
  assert.notEqual(gateway.com_cumulocity_model_Agent, undefined);
  assert.equal(gateway.c8y_SupportedOperations, undefined);
  assert.equal(child.type, 'c8y_MQTTChildDevice');
  assert.deepEqual(child.c8y_SupportedOperations, ['c8y_RemoteAccessConnect']);
  assert.equal(platform.inventory.parent(child.id), gateway.id);
});

test('static templates write their fragments', async (context) => {
  const { url, platform } = await startBench(context);
  const { client } = await connect(context, url);
  const lines = [
    '100,Packaging,c8y_Gateway',
    '101,plc-3,HMI,c8y_Hmi',
    '110,SN-1,"Box, large",B',
    '114,c8y_RemoteAccessConnect,c8y_Restart',
    '117,10',
    '117,99',
    '118,syslog',
    '119,app',
    '122,gatehouse,1.0,https://example.com,us',
    '125',
    '150,SSH,VNC',
    '400,c8y_Event,"text"',
  ];
  await client.publishAsync('s/us', lines.join('\n'), { qos: 2 });
  const device = platform.deviceBySerial('gw-7');
  assert.ok(device !== undefined);
  const { id, lastUpdated, creationTime, ...fragments } = device;
  assert.deepEqual(
    { id: typeof id, lastUpdated: typeof lastUpdated, creationTime: typeof creationTime },
    { id: 'string', lastUpdated: 'string', creationTime: 'string' },
  );
  assert.deepEqual(fragments, {
    name: 'Packaging',
    type: 'c8y_Gateway',
    owner: 'device_gw-7',
    c8y_IsDevice: {},
    com_cumulocity_model_Agent: {},
    c8y_Hardware: { serialNumber: 'SN-1', model: 'Box, large', revision: 'B' },
    c8y_SupportedOperations: ['c8y_RemoteAccessConnect', 'c8y_Restart'],
    c8y_RequiredAvailability: { responseInterval: 10 },
    c8y_SupportedLogs: ['syslog'],
    c8y_SupportedConfigurations: ['app'],
    c8y_Agent: { name: 'gatehouse', version: '1.0', url: 'https://example.com', maintainer: 'us' },
    c8y_RemoteAccessSupportedProtocols: ['SSH', 'VNC'],
  });
  assert.equal(platform.deviceBySerial('plc-3')?.name, 'HMI');
  await client.publishAsync('s/us', '150\n114,one', { qos: 2 });
  const later = platform.deviceBySerial('gw-7');
  assert.equal(later?.c8y_RemoteAccessSupportedProtocols, undefined);
  assert.deepEqual(later?.c8y_SupportedOperations, ['one']);
});

test('requests are answered on s/ds and refusals on s/e, and one refusal stops no other line', async (context) => {
  const { url, platform } = await startBench(context);
  const { id } = platform.ensureDevice('gw-7');
  platform.ensureDevice('plc-3', {}, id);
  platform.ensureDevice('far');
  const { client, inbox } = await connect(context, url);
  await client.subscribeAsync(['s/ds', 's/e']);
  await client.publishAsync('s/us', '105\n999,x\n501\n123\n600', { qos: 2 });
  assert.deepEqual(await inbox.of('s/ds', 3), ['106,plc-3', `124,${id}`, '601,1023.0.0']);
  assert.deepEqual(await inbox.of('s/e', 2), [
    '40,999,No static template for message id 999',
    '41,501,fragment is missing',
  ]);
  await client.publishAsync('s/us/far', '114,x', { qos: 2 });
  assert.equal((await inbox.of('s/e', 3))[2], '41,114,Device far is not a child of this device');
});

test('JSON that is none is reported on the error topic with its message id', async (context) => {
  const { url, platform } = await startBench(context);
  platform.ensureDevice('gw-7');
  const { client, inbox } = await connect(context, url);
  await client.subscribeAsync('error');
  await client.publishAsync('event/events/create', '{', { qos: 1 });
  const [report = ''] = await inbox.of('error');
  const { error, messageId } = JSON.parse(report) as { error: string; messageId: number };
  assert.equal(error, 'undefined/validationError');
  assert.equal(typeof messageId, 'number');
  const update = JSON.stringify({ c8y_Notes: 'hello' });
  await client.publishAsync('inventory/managedObjects/update/gw-7', update, { qos: 2 });
  assert.equal(platform.deviceBySerial('gw-7')?.c8y_Notes, 'hello');
});

test('a token is refused to a device that logged in with a password', async (context) => {
  const { url, platform } = await startBench(context);
  platform.ensureDevice('gw-7');
  const { client, inbox } = await connect(context, url);
  await client.subscribeAsync(['s/dat', 's/e']);
  await client.publishAsync('s/uat', '');
  assert.match((await inbox.of('s/e')).join(), /^41,,MqttAuth: /);
  assert.deepEqual(inbox.all('s/dat'), []);
});

test('a new device gets its credentials over MQTT once it was accepted', async (context) => {
  const { url, platform } = await startBench(context);
  platform.deviceRequests.create('gw-9');
  const { client, inbox } = await connect(context, url, {
    clientId: 'gw-9',
    username: 'management/devicebootstrap',
    password: 'simulated-bootstrap',
  });
  await client.subscribeAsync('s/dcr');
  await client.publishAsync('s/ucr', '', { qos: 2 });
  platform.deviceRequests.accept('gw-9');
  assert.deepEqual(inbox.all('s/dcr'), []);
  await client.publishAsync('s/ucr', '', { qos: 2 });
  const [line = ''] = await inbox.of('s/dcr');
  const [template, tenant = '', user = '', password = ''] = line.split(',');
  assert.equal(template, '70');
  const again = await connect(context, url, { clientId: 'gw-9', username: `${tenant}/${user}`, password });
  assert.ok(again.client.connected);
});
