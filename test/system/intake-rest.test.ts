import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../helpers/eventually.js';
import { Scene, UP } from '../helpers/scene.js';

const NOTIFICATIONS = '/notification/operations';
const LIST = '/devicecontrol/operations?';
const STATUS = '/devicecontrol/operations/';
const TUNNEL = '/service/remoteaccess/device/';

/** So long that no sweep but the one after each connect happens in a test. */
const NO_SWEEP = { sweepMs: 600_000 };

test('an operation arrives by notification, without another look at the list', async (t) => {
  const scene = await Scene.start(t, { timing: NO_SWEEP });
  await eventually(() => scene.requests('GET', LIST) === 2 || undefined, 'the sweep after the connect');
  await pause(50);
  const lists = scene.requests('GET', LIST);
  await scene.story(scene.create(), UP);
  assert.equal(scene.requests('GET', LIST), lists);
});

test('an operation created during an outage is found by the sweep after the reconnect', async (t) => {
  const scene = await Scene.start(t, { timing: NO_SWEEP });
  await scene.cloud.goDown();
  await scene.logged('not connected to the cloud');
  const ids = [scene.create(), scene.create()];
  await scene.cloud.comeBack();
  for (const id of ids) await scene.story(id, UP);
});

test('every page of PENDING operations is handled', async (t) => {
  const ids: string[] = [];
  const scene = await Scene.start(t, {
    timing: NO_SWEEP,
    conduits: [],
    before: (early) => {
      for (let count = 0; count < 1_200; count += 1) ids.push(early.create());
    },
  });
  await eventually(() => scene.ledger.finished === ids.length || undefined, 'every final status');
  for (const id of ids) await scene.story(id, 'PENDING FAILED policy-denied');
  const pages = scene.cloud.requests
    .list('GET', LIST)
    .map(({ path }) => /status=(\w+).*currentPage=(\d)/.exec(path));
  const pending = pages.filter((page) => page?.[1] === 'PENDING').map((page) => page?.[2]);
  assert.deepEqual(pending, ['1', '2', '3', '4']);
  assert.equal(scene.trap.connections, 0);
});

test('a page that is too big to be read at once hides nothing', async (t) => {
  const ids: string[] = [];
  let giant = '';
  const scene = await Scene.start(t, {
    timing: NO_SWEEP,
    conduits: [],
    before: (early) => {
      // 6 MB in all, and in the middle one operation that is larger than any reply that is read.
      for (let count = 0; count < 300; count += 1) {
        const id = early.create();
        early.cloud.platform.operations.update(id, { description: 'x'.repeat(20_000) });
        ids.push(id);
        if (count !== 150) continue;
        giant = early.create();
        early.cloud.platform.operations.update(giant, { description: 'x'.repeat(5_000_000) });
      }
    },
  });
  await eventually(() => scene.ledger.finished === ids.length || undefined, 'every final status');
  assert.equal(scene.ledger.finalOf(giant), undefined);
});

test('an operation that comes by notification, again, and by several sweeps is started once', async (t) => {
  const scene = await Scene.start(t, { timing: { sweepMs: 15 } });
  scene.cloud.realtime.faults.duplicateDeliveries = 3;
  // As long as its status does not arrive, every sweep finds it PENDING.
  scene.cloud.faults.set({ requests: [{ method: 'PUT', path: `${STATUS}*`, latencyMs: 150, times: 10 }] });
  const ids = Array.from({ length: 10 }, () => scene.create());
  for (const id of ids) await scene.story(id, UP);
  await pause(100);
  assert.equal(scene.trap.connections, ids.length);
  assert.equal(scene.requests('GET', TUNNEL), ids.length);
  scene.ledger.assertOneFinalStatusEach();
});

test('a session that the cloud has forgotten (402) is opened anew', async (t) => {
  const scene = await Scene.start(t, { timing: NO_SWEEP });
  for (let round = 0; round < 3; round += 1) {
    await eventually(() => scene.cloud.realtime.sessions === 1 || undefined, 'a session');
    scene.cloud.forgetRealtimeSessions();
    await scene.story(scene.create(), UP);
  }
});

test('long polls that are cut lose nothing', async (t) => {
  const scene = await Scene.start(t);
  for (let round = 0; round < 5; round += 1) {
    scene.cloud.cutLongPolls();
    const id = scene.create();
    scene.cloud.cutLongPolls();
    await scene.story(id, UP);
  }
  scene.cloud.realtime.faults.cutReply = { afterBytes: 40, times: 2 };
  await scene.story(scene.create(), UP);
  scene.ledger.assertOneFinalStatusEach();
});

test('a restart of the cloud ends the tunnels, and the agent comes back for new ones', async (t) => {
  const scene = await Scene.start(t);
  const { world, trap, cloud } = scene;
  const tunnels = await Promise.all(Array.from({ length: 5 }, () => world.open({ port: trap.port })));
  for (const tunnel of tunnels) tunnel.on('error', () => undefined).resume();
  await eventually(() => cloud.sessions().length === 5 || undefined, 'five tunnels');
  await cloud.goDown();
  await eventually(() => tunnels.every(({ ending }) => ending !== undefined) || undefined, 'their end');
  await world.idle();
  await eventually(() => trap.open === 0 || undefined, 'the end of the target connections');
  await scene.logged('not connected to the cloud');
  await pause(500);
  await cloud.comeBack();
  await scene.logged('connected to the cloud"', 2);
  const again = await world.open({ port: trap.port });
  await world.finalOperation();
  await again.close();
  scene.ledger.assertOneFinalStatusEach();
});

test('one 401 on each channel is survived', async (t) => {
  const scene = await Scene.start(t);
  const once = { status: 401, times: 1 } as const;
  scene.cloud.faults.set({
    requests: [
      { method: 'POST', path: NOTIFICATIONS, ...once },
      { method: 'GET', path: '/devicecontrol/operations', ...once },
      { method: 'PUT', path: `${STATUS}*`, ...once },
    ],
  });
  scene.cloud.cutLongPolls();
  await scene.story(scene.create(), UP);
  await eventually(() => scene.cloud.faults.get().requests?.length === 0 || undefined, 'every 401 given');
  await scene.story(scene.create(), UP);
});

test('where notifications are refused the list is polled, and notifications are tried again', async (t) => {
  const scene = await Scene.start(t, {
    timing: { fallbackMs: 500 },
    before: ({ cloud }) => {
      cloud.realtime.faults.refusedSubscribes = 1_000;
    },
  });
  for (let round = 0; round < 3; round += 1) await scene.story(scene.create(), UP);
  assert.equal(scene.countLogged('real-time notifications are refused'), 1);
  scene.cloud.realtime.faults.refusedSubscribes = 0;
  // Only who is subscribed has a long poll that can be cut; the recorder then shows it without an answer.
  await eventually(() => {
    scene.cloud.cutLongPolls();
    return scene.cloud.requests.list('POST', NOTIFICATIONS).some(({ status }) => status === 0) || undefined;
  }, 'a long poll');
  await scene.story(scene.create(), UP);
});

test('what an earlier run left EXECUTING is failed by id, and nothing else is', async (t) => {
  const ours: string[] = [];
  const others: string[] = [];
  const scene = await Scene.start(t, {
    children: [{ externalId: 'plc-1', name: 'PLC 1' }],
    before: (early) => {
      const { cloud, device } = early;
      const child = cloud.addChild(device.id, 'plc-1');
      const stranger = cloud.registerDevice('gw-8');
      ours.push(early.create(), early.create({ deviceId: child.id }));
      others.push(
        cloud.createOperation(device.id, { c8y_Restart: {} }).id,
        early.create({ deviceId: stranger.id }),
      );
      for (const id of [...ours, ...others]) cloud.platform.operations.update(id, { status: 'EXECUTING' });
    },
  });
  for (const id of ours) await scene.story(id, 'PENDING EXECUTING FAILED agent-restarted');
  await scene.story(scene.create(), UP);
  for (const id of others) assert.equal(scene.ledger.story(id), 'PENDING EXECUTING');
  assert.equal(scene.trap.connections, 1);
});

test('a stale operation is failed without touching target or tunnel', async (t) => {
  const scene = await Scene.start(t, { intakeSettings: { operationAge: '1m' } });
  const stale = [scene.create({ ageMs: 61_000 }), scene.create({ ageMs: 3_600_000 })];
  for (const id of stale) await scene.story(id, 'PENDING FAILED operation-stale');
  assert.equal(scene.trap.connections, 0);
  assert.equal(scene.requests('GET', TUNNEL), 0);
  await scene.story(scene.create({ ageMs: 30_000 }), UP);
});

test('a second operation with the same key is failed and starts nothing', async (t) => {
  const scene = await Scene.start(t);
  const key = 'the-same-key-twice';
  const first = scene.create({ key });
  const second = scene.create({ key });
  await scene.story(first, UP);
  await scene.story(second, 'PENDING FAILED invalid-operation');
  const { failureReason } = scene.cloud.platform.operations.get(second);
  assert.match(failureReason ?? '', new RegExp(`already used by operation ${first}`));
  assert.equal(scene.trap.connections, 1);
  assert.equal(scene.requests('GET', TUNNEL), 1);
});

for (const [name, fault] of [
  ['500', { status: 500 }],
  ['503 with Retry-After', { status: 503, retryAfterSeconds: 1 }],
  ['429', { status: 429 }],
  ['a reset', { instead: 'reset' }],
] as const) {
  test(`a status that meets ${name} several times arrives later, in order`, async (t) => {
    const scene = await Scene.start(t);
    const times = 'retryAfterSeconds' in fault ? 1 : 4;
    scene.cloud.faults.set({ requests: [{ method: 'PUT', path: `${STATUS}*`, ...fault, times }] });
    const ids = [scene.create(), scene.create(), scene.create({ status: 404 })];
    const [one = '', two = '', refused = ''] = ids;
    await scene.story(one, UP);
    await scene.story(two, UP);
    await scene.story(refused, 'PENDING EXECUTING FAILED cloud-key-unknown');
    assert.equal(scene.trap.connections, ids.length);
  });
}

test('a status that the cloud answers 404 is dropped and holds nothing up', async (t) => {
  const scene = await Scene.start(t);
  const id = scene.create();
  scene.cloud.faults.set({ requests: [{ method: 'PUT', path: STATUS + id, status: 404 }] });
  await scene.logged('the cloud does not take a status; it is dropped', 2);
  await scene.story(scene.create(), UP);
  await pause(300);
  assert.equal(scene.requests('PUT', STATUS + id), 2);
  assert.equal(scene.trap.connections, 2);
});
