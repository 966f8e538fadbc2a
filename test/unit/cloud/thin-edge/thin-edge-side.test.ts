import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { cloudConfig, deviceConfig, deviceSide, until, type Side } from '../fixtures.js';
import { ScriptedBroker } from '../scripted-broker.js';

const OPERATIONS = 'c8y/devicecontrol/notifications';
const HEALTH = 'te/device/main/service/mosquitto-c8y-bridge/status/health';

/** A device side on a broker that tests make misbehave; all of it ends with the test. */
async function started(
  t: TestContext,
  prepare: (broker: ScriptedBroker) => void = () => undefined,
): Promise<{ readonly broker: ScriptedBroker; readonly side: Side }> {
  const broker = await ScriptedBroker.start();
  prepare(broker);
  const directory = mkdtempSync(path.join(tmpdir(), 'gatehouse-side-'));
  const side = deviceSide({
    cloud: cloudConfig('http://127.0.0.1:9'),
    device: deviceConfig(['plc-3', 'plc/4']),
    intake: { kind: 'thin-edge', mqttUrl: `mqtt://127.0.0.1:${broker.port}`, operationAgeMs: 300_000 },
    thinEdge: {
      configDirectory: '/etc/tedge',
      profile: '',
      topicPrefix: 'c8y',
      topicRoot: 'te',
      broker: {
        user: 'gatehouse',
        password: undefined,
        ca: undefined,
        certificate: undefined,
      },
    },
    state: { directory },
  });
  t.after(async () => {
    await side.cloud.close();
    await broker.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  side.cloud.intake.start();
  return { broker, side };
}

const connected = (side: Side) => until(() => side.state() === 'connected', 'the link');

const operation = (id: string, deviceId: string, externalId: string): string =>
  JSON.stringify({
    id,
    deviceId,
    status: 'PENDING',
    c8y_RemoteAccessConnect: { hostname: '10.0.0.1', port: 22, connectionKey: 'a-key-of-a-test' },
    externalSource: { externalId, type: 'c8y_Serial' },
  });

test('it asks for what is pending behind its subscription, and logs in as itself', async (t) => {
  const { broker, side } = await started(t);
  await connected(side);
  assert.ok(broker.subscribed.includes(OPERATIONS));
  assert.deepEqual(broker.on('c8y/s/us'), ['500']);
  assert.match(broker.logins[0]?.id ?? '', /^gatehouse-c8y-[0-9a-f]{8}$/);
  assert.equal(broker.logins[0]?.username, 'gatehouse');
});

test('operations of gateway, child and stranger find their device', async (t) => {
  const { broker, side } = await started(t);
  await connected(side);
  broker.send(
    OPERATIONS,
    [operation('1', '10', 'gw-7'), operation('2', '11', 'plc-3'), operation('3', '12', 'plc-9')].join('\n'),
  );
  await until(() => side.delivered.length === 3, 'three operations');
  assert.deepEqual(side.cloud.device('10'), { externalId: 'gw-7' });
  assert.equal(side.cloud.device('11')?.child?.externalId, 'plc-3');
  assert.equal(side.cloud.device('12'), undefined);
  assert.equal(side.cloud.device('13'), undefined);
  for (const [index, deviceId] of ['10', '11', '12'].entries())
    side.cloud.status.report({ operationId: `${index + 1}`, deviceId, status: 'SUCCESSFUL' });
  await until(() => broker.on('c8y/s/us/plc-9').length === 1, 'the statuses');
  assert.deepEqual(broker.on('c8y/s/us'), ['500', '506,1']);
  assert.deepEqual(broker.on('c8y/s/us/plc-3'), ['506,2']);
  assert.deepEqual(broker.on('c8y/s/us/plc-9'), ['506,3']);
});

test('a status whose device has no topic is dropped and told, and holds up no other', async (t) => {
  const { broker, side } = await started(t);
  await connected(side);
  broker.send(OPERATIONS, operation('4', '14', 'plc/4'));
  await until(() => side.delivered.length === 1, 'the operation');
  side.cloud.status.report({ operationId: '4', deviceId: '14', status: 'SUCCESSFUL' });
  side.cloud.status.report({ operationId: '5', deviceId: '10', status: 'SUCCESSFUL' });
  await until(() => side.cloud.status.size === 0, 'an empty outbox');
  assert.deepEqual(broker.on('c8y/s/us'), ['500', '506,5']);
  assert.ok(side.log.warnings().includes('the cloud does not take a status; it is dropped'));
});

test('a broker that keeps the operations from us is told at error, and tried again', async (t) => {
  const { broker, side } = await started(t, (one) => (one.refuseSubscriptions = true));
  await until(() => broker.connections >= 3, 'more tries');
  const link = side.links.at(-1);
  assert.match(
    link?.state === 'disconnected' ? link.reason : '',
    /refuses the subscription of c8y\/devicecontrol/,
  );
  assert.ok(side.log.lines.some(({ level }) => level === 'error'));
  broker.refuseSubscriptions = false;
  await connected(side);
});

test('only refusals of our own statuses are counted and warned of', async (t) => {
  const { broker, side } = await started(t);
  await connected(side);
  broker.send('c8y/s/e', '41,100,Device already existing');
  broker.send('c8y/s/e', '41,505,Operation with id 4711 not found for device gw-7');
  await until(() => side.violations.length > 0, 'the count');
  assert.deepEqual(side.violations, ['error-message']);
  const warned = side.log.lines.filter(({ level }) => level === 'warn').map(({ text }) => text);
  assert.equal(warned.length, 1);
  assert.match(warned[0] ?? '', /4711/);
});

test('a final status that a lost broker may have taken along is published once more, and EXECUTING is not', async (t) => {
  const { broker, side } = await started(t);
  await connected(side);
  side.cloud.status.report({ operationId: '7', deviceId: '10', status: 'EXECUTING' });
  side.cloud.status.report({ operationId: '7', deviceId: '10', status: 'FAILED', failureReason: 'a: b' });
  await until(() => side.cloud.status.size === 0, 'both statuses');
  broker.cut();
  await until(() => broker.on('c8y/s/us').length === 5, 'the repetition');
  assert.deepEqual(broker.on('c8y/s/us'), ['500', '504,7', '505,7,a: b', '500', '505,7,a: b']);
});

test('while the bridge is down nothing is published, and the link is told once as down', async (t) => {
  const { broker, side } = await started(t);
  await connected(side);
  broker.send(HEALTH, '0');
  await until(() => side.state() === 'disconnected', 'the loss');
  side.cloud.status.report({ operationId: '6', deviceId: '10', status: 'SUCCESSFUL' });
  await until(
    () => broker.clients.length >= 2 && broker.subscribed.filter((one) => one === HEALTH).length >= 2,
    'a new connection',
  );
  const reasons = side.links.map((link) => (link.state === 'disconnected' ? link.reason : link.state));
  assert.equal(reasons.filter((one) => one.includes('bridge of thin-edge.io')).length, 1);
});
