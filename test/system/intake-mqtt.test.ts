import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startAgent } from '../helpers/agent.js';
import { eventually } from '../helpers/eventually.js';
import { Scene, UP } from '../helpers/scene.js';
import { FAST } from '../helpers/timing.js';

const OPERATIONS = 'devicecontrol/notifications';
const STATUS = '/devicecontrol/operations/';
const TUNNEL = '/service/remoteaccess/device/';

/** The list of operations over REST is not to be had, so that everything has come over MQTT. */
const NO_LIST = { requests: [{ method: 'GET', path: '/devicecontrol/operations', status: 503 }] };

const mqttOf = (scene: Scene) => scene.cloud.mqtt ?? assert.fail('no MQTT');

/** The agent's connection, once it is subscribed. */
const clientOf = (scene: Scene) =>
  eventually(
    () =>
      mqttOf(scene)
        .clients()
        .find(({ topics }) => topics.includes(OPERATIONS)),
    'a subscribed client',
  );

test('several operations in one message are handled, each with its own status, over MQTT alone', async (t) => {
  const scene = await Scene.start(t, {
    intake: 'mqtt',
    limits: { sessionsPerTarget: 1_000 },
    before: ({ cloud }) => cloud.faults.set(NO_LIST),
  });
  await clientOf(scene);
  mqttOf(scene).dropConnections();
  // Created while nobody is there, they come together at the next subscription.
  const ids = Array.from({ length: 100 }, (_, index) =>
    scene.create({ status: index % 2 === 0 ? 101 : 404 }),
  );
  for (const [index, id] of ids.entries()) {
    await scene.story(id, index % 2 === 0 ? UP : 'PENDING EXECUTING FAILED cloud-key-unknown');
  }
  assert.equal(scene.requests('PUT', STATUS), 0, 'a status went over REST');
});

test('an operation that is delivered again and again, and swept, is started once', async (t) => {
  const scene = await Scene.start(t, { intake: 'mqtt', timing: { sweepMs: 15 } });
  await clientOf(scene);
  Object.assign(mqttOf(scene).faults, { redeliveryMs: 5, duplicateDeliveries: 3 });
  const ids = Array.from({ length: 20 }, () => scene.create());
  for (const id of ids) await scene.story(id, UP);
  await pause(100);
  assert.equal(scene.trap.connections, ids.length);
  assert.equal(scene.requests('GET', TUNNEL), ids.length);
  scene.ledger.assertOneFinalStatusEach();
});

test('an operation created while the broker is away is handled after the reconnect', async (t) => {
  const scene = await Scene.start(t, { intake: 'mqtt', timing: { mqttConnectMs: 200 } });
  const { faults } = mqttOf(scene);
  await clientOf(scene);
  faults.connackCode = { value: 3, times: 5 };
  mqttOf(scene).dropConnections();
  const first = scene.create();
  await scene.story(first, UP);
  assert.equal(faults.connackCode.times, 0);

  await clientOf(scene);
  faults.neverConnack = true;
  mqttOf(scene).dropConnections();
  const second = scene.create();
  await pause(500);
  faults.neverConnack = false;
  await scene.story(second, UP);

  await clientOf(scene);
  faults.cutAfterConnack = 2;
  mqttOf(scene).dropConnections();
  await scene.story(scene.create(), UP);
  scene.ledger.assertOneFinalStatusEach();
});

test('a subscription that is refused (SUBACK 0x80) is repeated until the device is known', async (t) => {
  const scene = await Scene.start(t, {
    intake: 'mqtt',
    waitForLink: false,
    before: ({ cloud }) => void cloud.mqtt?.faults.refusedTopics.add(OPERATIONS),
  });
  await scene.logged('the device has been announced to it');
  await pause(300);
  assert.equal(
    scene.countLogged('connected to the cloud"'),
    scene.countLogged('not connected to the cloud"'),
  );
  mqttOf(scene).faults.refusedTopics.clear();
  await scene.world.gateway.connected();
  await scene.story(scene.create(), UP);
});

for (const [name, disturb] of [
  ['a second CONNACK', (scene: Scene) => mqttOf(scene).clients()[0]?.refuseNow(5)],
  ['garbage', (scene: Scene) => mqttOf(scene).clients()[0]?.sendGarbage()],
  ['an oversize PUBLISH', (scene: Scene) => mqttOf(scene).clients()[0]?.sendOversized(OPERATIONS, 1_000_000)],
  ['a cut', (scene: Scene) => mqttOf(scene).clients()[0]?.kick()],
] as const) {
  test(`${name} in the middle of the session costs one connection and no operation`, async (t) => {
    const scene = await Scene.start(t, { intake: 'mqtt' });
    for (let round = 1; round <= 3; round += 1) {
      const before = await clientOf(scene);
      disturb(scene);
      const id = scene.create();
      await eventually(() => scene.ledger.finalOf(id), `the final status of operation ${id}`);
      await eventually(
        () => !mqttOf(scene).clients().includes(before) || undefined,
        'the end of the connection',
      );
    }
    await clientOf(scene);
    const lost = scene.countLogged('not connected to the cloud"');
    assert.ok(lost >= 1 && lost <= 3, `${lost} lines about lost connections`);
    scene.ledger.assertOneFinalStatusEach({ repeats: true });
  });
}

test('messages that are no operations are left alone', async (t) => {
  const scene = await Scene.start(t, { intake: 'mqtt' });
  const client = await clientOf(scene);
  for (const payload of [
    '',
    '\n',
    'x',
    '{',
    'null',
    '530,gw-7,127.0.0.1,22,a-key-of-530',
    'x'.repeat(60_000),
  ]) {
    client.send(OPERATIONS, payload);
  }
  await scene.story(scene.create(), UP);
  assert.equal((await clientOf(scene)) === client, true, 'the connection stayed');
  assert.equal(scene.trap.connections, 1);
});

test('a status whose PUBACK is lost is sent again', async (t) => {
  const scene = await Scene.start(t, { intake: 'mqtt', timing: { mqttAckMs: 150 } });
  await clientOf(scene);
  mqttOf(scene).faults.droppedAcknowledgements = 2;
  const id = scene.create();
  await eventually(() => mqttOf(scene).faults.droppedAcknowledgements === 0 || undefined, 'both drops');
  await scene.world.finalOperation(id);
  await scene.logged('the cloud has every status again');
  // The broker had taken each of the two before it forgot to say so.
  assert.match(scene.ledger.story(id), /^PENDING( EXECUTING){1,3}( SUCCESSFUL){1,3}$/);
  assert.equal(scene.ledger.story(id).split(' ').length, 5);
});

test('statuses go to the topic of their device, for the gateway and for a child', async (t) => {
  // The simulated platform looks an operation id up in the device of the topic, as the real one does.
  const scene = await Scene.start(t, {
    intake: 'mqtt',
    children: [{ externalId: 'plc-1', name: 'PLC 1' }],
  });
  const child = scene.cloud.platform.deviceBySerial('plc-1') ?? assert.fail('no child');
  const devices = [child.id, scene.device.id];
  for (let round = 0; round < 5; round += 1) {
    const up = devices.map((deviceId) => scene.create({ deviceId }));
    const failing = devices.map((deviceId) => scene.create({ deviceId, status: 503 }));
    for (const id of up) await scene.story(id, UP);
    for (const id of failing) await scene.story(id, 'PENDING EXECUTING FAILED cloud-unreachable');
  }
  assert.equal(scene.requests('PUT', STATUS), 0, 'a status went over REST');
});

test('stale operations, leftovers of an earlier run and repeated keys are failed as over REST', async (t) => {
  const left: string[] = [];
  const scene = await Scene.start(t, {
    intake: 'mqtt',
    before: (early) => {
      const other = early.cloud.createOperation(early.device.id, { c8y_Restart: {} }).id;
      left.push(early.create(), other);
      for (const id of left) early.cloud.platform.operations.update(id, { status: 'EXECUTING' });
    },
  });
  const [leftover = '', other = ''] = left;
  await scene.story(leftover, 'PENDING EXECUTING FAILED agent-restarted');
  await scene.story(scene.create({ ageMs: 600_000 }), 'PENDING FAILED operation-stale');
  assert.equal(scene.trap.connections, 0);
  await scene.story(scene.create({ key: 'one-key-for-two' }), UP);
  await scene.story(scene.create({ key: 'one-key-for-two' }), 'PENDING FAILED invalid-operation');
  assert.equal(scene.ledger.story(other), 'PENDING EXECUTING');
  assert.equal(scene.trap.connections, 1);
});

test('two agents with one client id slow down instead of throwing each other out for ever', async (t) => {
  const backoff = { baseMs: 10, capMs: 1_000, slowCapMs: 1_000, resetMs: 60_000 };
  const scene = await Scene.start(t, { intake: 'mqtt', timing: { backoff } });
  const twin = await startAgent(scene.world.configFile, { timing: { ...FAST, backoff } });
  await pause(4_000);
  const connects = [scene.world.log, twin.log].map(
    (log) => log.filter((line) => line.includes('"connected to the cloud"')).length,
  );
  const total = connects.reduce((sum, count) => sum + count, 0);
  // Each: three quick ones until it notices, then one in 500 to 1,000 ms.
  assert.ok(total >= 4 && total <= 30, `${connects.join(' and ')} connects in 4 s`);
  await scene.logged('another client uses the id d:gw-7');
  await twin.stop();
  await clientOf(scene);
  await scene.story(scene.create(), UP);
});

for (const way of ['mqtts', 'wss'] as const) {
  test(`over ${way}, operations and statuses go through with the cloud's own authority`, async (t) => {
    const intakeSettings: { mqttUrl?: string } = {};
    const scene = await Scene.start(t, {
      intake: 'mqtt',
      tls: true,
      intakeSettings,
      before: ({ cloud }) => {
        cloud.faults.set(NO_LIST);
        if (way === 'wss') intakeSettings.mqttUrl = `${(cloud.httpsUrl ?? '').replace('https', 'wss')}/mqtt`;
      },
    });
    await clientOf(scene);
    for (let round = 0; round < 3; round += 1) await scene.story(scene.create(), UP);
    mqttOf(scene).dropConnections();
    await scene.story(scene.create(), UP);
    assert.equal(scene.requests('PUT', STATUS), 0);
    assert.equal(scene.requests('GET', '/mqtt') > 0, way === 'wss');
    const tunnel = await scene.world.open({ port: scene.trap.port });
    await tunnel.close();
  });
}
