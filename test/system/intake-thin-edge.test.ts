import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { echoes, startTarget } from '../helpers/agent-scene.js';
import { eventually } from '../helpers/eventually.js';
import { unlessMissing } from '../helpers/programs.js';
import { UP } from '../helpers/scene.js';
import { ThinEdgeScene } from '../helpers/thin-edge-scene.js';

const NEEDS = unlessMissing('mosquitto', 'mosquitto_pub');

test(
  'a session on the gateway and one on a child run through the broker and the bridge of thin-edge.io, without REST',
  NEEDS,
  async (t) => {
    const scene = await ThinEdgeScene.start(t, { children: ['plc-3'] });
    const target = await startTarget(t);
    const forGateway = await scene.open(target.port);
    const forChild = await scene.open(target.port, scene.child('plc-3'));
    await echoes(forGateway, 'to the gateway');
    await echoes(forChild, 'to the child');
    const stories = scene.cloud.platform.operations.list({}).map(({ id }) => id);
    for (const id of stories) await scene.story(id, UP);
    forGateway.destroy();
    forChild.destroy();
    await Promise.all([once(forGateway, 'close'), once(forChild, 'close')]);
    const rest = ['/inventory', '/identity', '/devicecontrol', '/notification', '/user'];
    const paths = scene.cloud.requests.list().map(({ path }) => path);
    assert.deepEqual(
      paths.filter((path) => rest.some((prefix) => path.startsWith(prefix))),
      [],
    );
    assert.equal(scene.requests('GET', '/service/remoteaccess/device/'), 2);
  },
);

test('overlapping operations get each their own status, in the topic of their device', NEEDS, async (t) => {
  const scene = await ThinEdgeScene.start(t, { children: ['plc-3', 'gw-7:device:plc 4'] });
  const target = await startTarget(t);
  const devices = [scene.device.id, scene.child('plc-3'), scene.child('gw-7:device:plc 4')];
  const ids = Array.from({ length: 30 }, (_, index) =>
    scene.create(target.port, { deviceId: devices[index % 3], status: index % 2 === 0 ? 101 : 404 }),
  );
  for (const [index, id] of ids.entries())
    await scene.story(id, index % 2 === 0 ? UP : 'PENDING EXECUTING FAILED cloud-key-unknown');
  scene.ledger.assertOneFinalStatusEach();
});

test(
  'a failure reason with commas, quotes and line breaks arrives as it is, in one line',
  NEEDS,
  async (t) => {
    const scene = await ThinEdgeScene.start(t);
    const id = scene.create(80, { hostname: 'a,"b"\n506,1\\' });
    await scene.story(id, 'PENDING FAILED invalid-operation');
    const { failureReason = '' } = scene.cloud.platform.operations.get(id);
    assert.match(failureReason, /^invalid-operation: .*a,.?"b.*506,1/);
    assert.doesNotMatch(failureReason, /\n/);
  },
);

test(
  'an operation for a child that the configuration does not name is refused in the topic of the child',
  NEEDS,
  async (t) => {
    const scene = await ThinEdgeScene.start(t, {
      children: ['plc-3', 'plc-9'],
      served: [{ externalId: 'plc-3' }],
    });
    const id = scene.create(80, { deviceId: scene.child('plc-9') });
    await scene.story(id, 'PENDING FAILED invalid-operation');
    assert.match(scene.cloud.platform.operations.get(id).failureReason ?? '', /device\.children/);
    assert.match(await scene.logged('device.children does not name'), /plc-9/);
  },
);

test('what the mapper makes reappear is started once', NEEDS, async (t) => {
  const scene = await ThinEdgeScene.start(t);
  const target = await startTarget(t);
  const slow = scene.create(target.port, { answerMs: 1_000 });
  await scene.broker.publish('c8y/s/us', '114,c8y_RemoteAccessConnect,c8y_Restart');
  for (let time = 0; time < 3; time += 1) await scene.broker.publish('c8y/s/us', '500');
  await scene.story(slow, UP);
  assert.equal(scene.requests('GET', '/service/remoteaccess/device/'), 1);
  assert.equal(target.connections.length, 1);
  scene.ledger.assertOneFinalStatusEach();
});

test(
  'operations that come while the broker is away are handled when it is back, and sessions do not notice',
  NEEDS,
  async (t) => {
    const scene = await ThinEdgeScene.start(t);
    const target = await startTarget(t);
    const session = await scene.open(target.port);
    await echoes(session, 'before');
    await scene.broker.kill('SIGKILL');
    await scene.logged('not connected to the cloud');
    await echoes(session, 'meanwhile');
    const id = scene.create(target.port);
    await scene.broker.start();
    await scene.story(id, UP);
    await echoes(session, 'after');
    session.destroy();
  },
);

test(
  'while the bridge is down the agent says so and keeps its statuses; when it is back, everything arrives',
  NEEDS,
  async (t) => {
    const scene = await ThinEdgeScene.start(t);
    const target = await startTarget(t);
    const slow = scene.create(target.port, { answerMs: 500 });
    await scene.story(slow, 'PENDING EXECUTING');
    scene.cloud.dropMqttConnections();
    await scene.logged('the bridge of thin-edge.io to the cloud is down');
    const ready = await fetch(`http://127.0.0.1:${scene.agent?.adminPort ?? 0}/readyz`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /the bridge of thin-edge\.io/);
    const meanwhile = scene.create(target.port);
    await scene.bridged();
    await scene.story(meanwhile, UP);
    await scene.story(slow, UP);
    await eventually(() => scene.ledger.finished === 2 || undefined, 'both');
    scene.ledger.assertOneFinalStatusEach({ repeats: true });
  },
);

test(
  'an agent that starts takes what is pending, and tells what an earlier run left unfinished in the right topic',
  NEEDS,
  async (t) => {
    const scene = await ThinEdgeScene.start(t, { children: ['plc-3'] });
    const target = await startTarget(t);
    const left = scene.create(target.port, { deviceId: scene.child('plc-3'), answerMs: 60_000 });
    await scene.story(left, 'PENDING EXECUTING');
    await scene.broker.kill();
    await scene.logged('not connected to the cloud');
    // Its last status has nowhere to go and stays in the journal.
    await scene.stopAgent();
    const pending = scene.create(target.port, { deviceId: scene.child('plc-3') });
    await scene.broker.start();
    await scene.bridged();
    await scene.run();
    await scene.story(pending, UP);
    await scene.story(left, 'PENDING EXECUTING FAILED cancelled');
  },
);
