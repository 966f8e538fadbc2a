import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { listOf } from '../../src/cloud/json-envelope.js';
import { eventually } from '../helpers/eventually.js';
import { hostileCases, type HostileCase } from '../helpers/hostile-cases.js';
import { Trap } from '../helpers/outcome-targets.js';
import { Scene, UP, type SceneOptions } from '../helpers/scene.js';

const OPERATIONS = 'devicecontrol/notifications';
const STATUS = '/devicecontrol/operations/';
const TUNNEL = '/service/remoteaccess/device/';

/** Bytes of documents that go out together; a reply of 4 MiB is the largest that is read. */
const MAX_TOGETHER_BYTES = 1_500_000;

/** The broker's link ends at a packet of 64 KiB; that is tested with the link. */
const MAX_MESSAGE_BYTES = 60_000;

/** Every path that has nothing to do with a particular operation. */
const USUAL_PATHS = new Set([
  '/identity/externalIds/c8y_Serial/gw-7',
  '/inventory/managedObjects/#',
  '/devicecontrol/operations',
  '/notification/operations',
  '/devicecontrol/operations/#',
]);

interface Play {
  readonly scene: Scene;
  readonly cases: readonly HostileCase[];
}

/** A scene with a target that may be reached, one that may not, and every case. */
async function play(
  t: TestContext,
  options: SceneOptions & { prepare?: (play: Play) => void },
): Promise<Play> {
  const decoy = await Trap.start();
  const decoy6 = await Trap.start(undefined, { host: '::1', port: decoy.port });
  let cases: readonly HostileCase[] = [];
  const conduits: object[] = [];
  const scene = await Scene.start(t, {
    ...options,
    conduits,
    before: (early) => {
      conduits.push({ name: 'trap', host: '127.0.0.1', ports: [early.trap.port] });
      cases = hostileCases({
        deviceId: early.device.id,
        allowedPort: early.trap.port,
        decoyPort: decoy.port,
        carrier: () => early.cloud.createOperation(early.device.id, { test_Carrier: {} }).id,
      });
      options.prepare?.({ scene: early, cases });
    },
  });
  t.after(async () => {
    const touched = decoy.connections + decoy6.connections;
    await decoy.stop();
    await decoy6.stop();
    assert.equal(touched, 0, 'a target was touched that must not be');
  });
  assert.ok(cases.length > 300, `only ${cases.length} cases`);
  return { scene, cases };
}

/** Whether a document leaves the brackets and quotes around it in peace, so that its neighbours can be read. */
function isContained({ bytes }: HostileCase): boolean {
  try {
    const list = Buffer.concat([Buffer.from('[0,'), bytes, Buffer.from(',0]')]);
    return listOf(list, { maxBytes: 2 * list.length })?.length === 3;
  } catch {
    return false;
  }
}

/** Waits for the outcome of each case and of one good operation behind them. */
async function settled(scene: Scene, cases: readonly HostileCase[]): Promise<void> {
  await scene.story(scene.create(), UP);
  for (const { id, story, what, fields } of cases) {
    await eventually(() => {
      const seen = scene.ledger.story(id);
      assert.ok(story.startsWith(seen), `${what}: ${seen}, not ${story}`);
      return seen === story ? true : undefined;
    }, `${what}: ${story}`);
    const reason = scene.cloud.platform.operations.get(id).failureReason ?? '';
    for (const field of fields) assert.match(reason, new RegExp(`\\b${field}\\b`), what);
  }
}

/** What was asked of the cloud, and what was dialled, is what the cases allow and no more. */
function assertNothingElse({ scene, cases }: Play, goodOperations: number): void {
  const requests = scene.cloud.requests.list().map(({ path }) => path.split('?')[0] ?? '');
  const tunnels = requests.filter((path) => path.startsWith(TUNNEL)).map((path) => path.slice(TUNNEL.length));
  const keys = cases.flatMap(({ key }) => (key === undefined ? [] : [key]));
  const unexpected = tunnels.filter((key) => !scene.cloud.remoteAccess.answers.has(key));
  assert.deepEqual(unexpected.sort(), [...keys].sort());
  assert.ok(keys.length >= 30, `only ${keys.length} cases went through`);
  const others = requests
    .filter((path) => !path.startsWith(TUNNEL) && path !== '/mqtt')
    .map((path) => path.replace(/\/[0-9]{1,20}$/, '/#'));
  for (const path of new Set(others)) assert.ok(USUAL_PATHS.has(path), `${path} was requested`);
  assert.ok(scene.trap.connections <= keys.length + goodOperations, 'more dials than operations');
}

test('over notifications each hostile operation is refused, ignored or left to the policy by itself', async (t) => {
  const { scene, cases: all } = await play(t, { timing: { sweepMs: 1_000 } });
  // That is the bound of a message; a reply may be larger.
  const cases = all.filter(({ what }) => what !== 'document: one byte more than 1 MiB');
  const contained = cases.filter(isContained);
  let good = 0;
  for (let at = 0; at < contained.length;) {
    let bytes = 0;
    const chunk: HostileCase[] = [];
    for (let next = contained[at]; next !== undefined && bytes < MAX_TOGETHER_BYTES; next = contained[at]) {
      bytes += next.bytes.length;
      chunk.push(next);
      at += 1;
    }
    for (const one of chunk) scene.cloud.realtime.deliverRaw(scene.device.id, one.bytes);
    await settled(scene, chunk);
    good += 1;
  }
  // What breaks the reply as a whole costs the connection; the operation behind it is handled all the same.
  for (const one of cases.filter((each) => !isContained(each))) {
    await eventually(() => scene.cloud.realtime.sessions > 0 || undefined, 'a connection');
    scene.cloud.realtime.deliverRaw(scene.device.id, one.bytes);
    await settled(scene, [one]);
    good += 1;
  }
  await settled(scene, cases);
  assertNothingElse({ scene, cases }, good + 1);
});

test('in the list of pending operations none of them hides another, sweep after sweep', async (t) => {
  const isListed = (one: HostileCase) => isContained(one) && one.bytes.length < 500_000;
  const { scene, cases } = await play(t, {
    timing: { sweepMs: 100 },
    prepare: ({ scene: { cloud }, cases: all }) => {
      cloud.platform.rawOperations.push(...all.filter(isListed).map(({ bytes }) => bytes));
      // Nothing by notification.
      cloud.realtime.faults.refusedSubscribes = 1_000_000;
    },
  });
  const listed = cases.filter(isListed);
  await settled(scene, listed);
  const lists = scene.requests('GET', `${STATUS.slice(0, -1)}?`);
  await eventually(
    () => scene.requests('GET', `${STATUS.slice(0, -1)}?`) > lists + 3 || undefined,
    'more sweeps',
  );
  await settled(scene, listed);
  assertNothingElse({ scene, cases: listed }, 2);
});

test('over MQTT each hostile message is refused, ignored or left to the policy by itself', async (t) => {
  const { scene, cases } = await play(t, { intake: 'mqtt' });
  const { mqtt } = scene.cloud;
  const client = await eventually(
    () => mqtt?.clients().find(({ topics }) => topics.includes(OPERATIONS)),
    'a subscribed client',
  );
  const sent = cases.filter(({ bytes }) => bytes.length <= MAX_MESSAGE_BYTES);
  for (const { bytes } of sent) client.send(OPERATIONS, bytes);
  await settled(scene, sent);
  assert.deepEqual(mqtt?.clients(), [client], 'the connection stayed');
  assertNothingElse({ scene, cases: sent }, 1);
});
