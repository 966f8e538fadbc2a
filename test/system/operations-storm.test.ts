import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../helpers/eventually.js';
import { seeded } from '../helpers/random.js';
import { closedPort } from '../helpers/closed-port.js';
import { blackHole, Trap } from '../helpers/outcome-targets.js';
import { Scene, UP } from '../helpers/scene.js';
import { FAST } from '../helpers/timing.js';

const OPERATIONS = 500;

/** Over how long the operations are spread, in ms. Each lives for up to a second, so that a hundred overlap. */
const SPREAD_MS = 5_000;

/** `limits.connectTimeout`: what silent targets are given, and far more than anybody else needs, in ms. */
const CONNECT_MS = 4_000;

/** Age limit of an operation is five minutes; a stale one is this old, in ms. */
const STALE_MS = 600_000;

/** Longest time for one storm, in ms. */
const LIMIT_MS = 40_000;

/** What one operation is and what has to become of it. */
interface Plan {
  readonly port: number;
  readonly forChild?: boolean;
  readonly isStale?: boolean;
  /** What the cloud answers to its key; 0 is a reset. */
  readonly status: number;
  readonly answerMs: number;
  readonly story: string;
}

interface Ports {
  readonly accepting: number;
  readonly refusing: number;
  readonly silent: number;
  readonly resetting: number;
  readonly denied: number;
}

const failed = (code: string) => `PENDING EXECUTING FAILED ${code}`;
const turnedAway = (code: string) => `PENDING FAILED ${code}`;

/** Thirteen kinds of operation with nine outcomes; the delays are such that each has one possible cause only. */
function planOf(random: () => number, ports: Ports): Plan {
  const { accepting, refusing, silent, resetting, denied } = ports;
  const soonMs = random() * 300;
  const lateMs = 1_000 + random() * 500;
  const plans: Plan[] = [
    { port: accepting, status: 101, answerMs: soonMs, story: UP },
    { port: accepting, status: 101, answerMs: soonMs, story: UP },
    { port: accepting, status: 101, answerMs: soonMs, forChild: true, story: UP },
    { port: accepting, status: 404, answerMs: soonMs, story: failed('cloud-key-unknown') },
    { port: accepting, status: 401, answerMs: soonMs, story: failed('cloud-unauthorized') },
    { port: accepting, status: 503, answerMs: soonMs, story: failed('cloud-unreachable') },
    { port: accepting, status: 0, answerMs: soonMs, story: failed('cloud-unreachable') },
    { port: refusing, status: 101, answerMs: lateMs, story: failed('target-refused') },
    { port: resetting, status: 101, answerMs: lateMs, story: failed('target-reset') },
    { port: silent, status: 101, answerMs: soonMs, story: failed('target-timeout') },
    { port: denied, status: 101, answerMs: 0, story: turnedAway('policy-denied') },
    { port: refusing, status: 101, answerMs: 0, forChild: true, story: turnedAway('policy-denied') },
    { port: accepting, status: 101, answerMs: 0, isStale: true, story: turnedAway('operation-stale') },
  ];
  return plans[Math.floor(random() * plans.length)] ?? assert.fail();
}

/** Targets of every kind; all of them end with the test. */
async function targets(t: TestContext, hangUp: () => number): Promise<{ ports: Ports; denied: Trap }> {
  // Most targets hang up by themselves, but not before their session is up; the others stay until the end.
  const hold = (socket: Socket) => {
    if (hangUp() < 0.7) setTimeout(() => socket.end(), CONNECT_MS + 1_000).unref();
  };
  const accepting = await Trap.start(hold);
  const resetting = await Trap.start((socket) => socket.resetAndDestroy());
  const denied = await Trap.start();
  const hole = await blackHole();
  t.after(async () => {
    for (const one of [accepting, resetting, denied, hole]) await one.stop();
  });
  const ports = {
    accepting: accepting.port,
    refusing: await closedPort(),
    silent: hole.port,
    resetting: resetting.port,
    denied: denied.port,
  };
  return { ports, denied };
}

/** Creates the operations one after the other, and gives the story that each must have and how many overlapped. */
async function unleash(
  scene: Scene,
  random: () => number,
  ports: Ports,
): Promise<{ expected: Map<string, string>; mostAtOnce: number }> {
  const childId = scene.cloud.platform.deviceBySerial('plc-1')?.id ?? assert.fail('no child');
  const expected = new Map<string, string>();
  let mostAtOnce = 0;
  const atMs = Array.from({ length: OPERATIONS }, () => random() * SPREAD_MS).sort(
    (one, other) => one - other,
  );
  for (const [index, time] of atMs.entries()) {
    const waitMs = time - (atMs[index - 1] ?? 0);
    if (waitMs > 1) await pause(waitMs);
    const { story, forChild, isStale, ...asked } = planOf(random, ports);
    const id = scene.create({
      ...asked,
      ...(forChild === true ? { deviceId: childId } : {}),
      ...(isStale === true ? { ageMs: STALE_MS } : {}),
    });
    expected.set(id, story);
    mostAtOnce = Math.max(mostAtOnce, scene.world.gateway.supervisor.registry.sessions);
  }
  return { expected, mostAtOnce };
}

for (const [intake, seed] of [
  ['rest', 20_251_103],
  ['mqtt', 7_980],
] as const) {
  test(`over ${intake}, each of ${OPERATIONS} overlapping operations gets its own final status, once (seed ${seed})`, async (t) => {
    const startedAtMs = performance.now();
    const random = seeded(seed);
    const { ports, denied } = await targets(t, seeded(seed + 1));
    const { accepting, refusing, silent, resetting } = ports;
    const scene = await Scene.start(t, {
      intake,
      workers: 2,
      conduits: [
        { name: 'accepting', host: '127.0.0.1', ports: [accepting] },
        { name: 'others', host: '127.0.0.1', ports: [refusing, silent, resetting] },
      ],
      children: [{ externalId: 'plc-1', name: 'PLC 1', targets: ['accepting'] }],
      limits: { connectTimeout: `${CONNECT_MS}ms`, sessionsPerTarget: OPERATIONS },
    });
    const { expected, mostAtOnce } = await unleash(scene, random, ports);
    const { ledger } = scene;
    await eventually(() => ledger.finished === OPERATIONS || undefined, 'every final status', LIMIT_MS);
    // Sweeps and notifications that are still on their way must not add anything.
    await pause(2 * (FAST.sweepMs ?? 0));

    ledger.assertOneFinalStatusEach();
    const wrong = [...expected].filter(([id, story]) => ledger.story(id) !== story);
    assert.deepEqual(
      wrong.map(([id, story]) => `${id}: ${ledger.story(id)}, not ${story}`),
      [],
    );
    assert.equal(new Set(expected.values()).size, 9, 'every kind of outcome has happened');
    assert.ok(mostAtOnce >= 50, `only ${mostAtOnce} sessions overlapped`);
    assert.equal(denied.connections, 0, 'a denied target was touched');
    const upgrades = scene.cloud.requests.list('GET', '/service/remoteaccess/device/');
    assert.equal(new Set(upgrades.map(({ path }) => path)).size, upgrades.length, 'a key was used twice');
    assert.ok(performance.now() - startedAtMs < LIMIT_MS, 'the storm took too long');
  });
}
