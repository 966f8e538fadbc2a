import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../helpers/eventually.js';
import { Ledger } from '../helpers/ledger.js';
import { seeded } from '../helpers/random.js';
import { blackHole, refusingPort, Trap } from '../helpers/outcome-targets.js';
import { FAST } from '../helpers/timing.js';
import { World } from '../helpers/world.js';

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
  /** What the cloud answers to its key. */
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

const UP = 'PENDING EXECUTING SUCCESSFUL';
const failed = (code: string) => `PENDING EXECUTING FAILED ${code}`;
const turnedAway = (code: string) => `PENDING FAILED ${code}`;

/** Twelve kinds of outcome; the delays are such that each has one possible cause only. */
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
    { port: refusing, status: 101, answerMs: lateMs, story: failed('target-refused') },
    { port: resetting, status: 101, answerMs: lateMs, story: failed('target-reset') },
    { port: silent, status: 101, answerMs: soonMs, story: failed('target-timeout') },
    { port: denied, status: 101, answerMs: 0, story: turnedAway('policy-denied') },
    { port: refusing, status: 101, answerMs: 0, forChild: true, story: turnedAway('policy-denied') },
    { port: accepting, status: 101, answerMs: 0, isStale: true, story: turnedAway('operation-stale') },
  ];
  return plans[Math.floor(random() * plans.length)] ?? assert.fail();
}

for (const [intake, seed] of [
  ['rest', 20_251_103],
  ['mqtt', 7_980],
] as const) {
  test(`over ${intake}, each of ${OPERATIONS} overlapping operations gets its own final status, once (seed ${seed})`, async () => {
    const startedAtMs = performance.now();
    const random = seeded(seed);
    const hangUp = seeded(seed + 1);
    // Most targets hang up by themselves, but not before their session is up; the others stay until the end.
    const hold = (socket: Socket) => {
      if (hangUp() < 0.7) setTimeout(() => socket.end(), CONNECT_MS + 1_000).unref();
    };
    const accepting = await Trap.start(hold);
    const resetting = await Trap.start((socket) => socket.resetAndDestroy());
    const untouched = await Trap.start();
    const hole = await blackHole();
    const ports: Ports = {
      accepting: accepting.port,
      refusing: await refusingPort(),
      silent: hole.port,
      resetting: resetting.port,
      denied: untouched.port,
    };
    const { accepting: childPort, refusing, silent, resetting: resets } = ports;
    let ageMs = 0;
    const world = await World.start({
      intake,
      workers: 2,
      timing: FAST,
      cloud: { now: () => Date.now() - ageMs },
      conduits: [
        { name: 'accepting', host: '127.0.0.1', ports: [childPort] },
        { name: 'others', host: '127.0.0.1', ports: [refusing, silent, resets] },
      ],
      children: [{ externalId: 'plc-1', name: 'PLC 1', targets: ['accepting'] }],
      limits: { connectTimeout: `${CONNECT_MS}ms`, sessionsPerTarget: OPERATIONS },
    });
    const ledger = new Ledger(world.cloud.platform);
    const childId = world.cloud.platform.deviceBySerial('plc-1')?.id ?? assert.fail('no child');

    const create = ({ port, forChild, isStale, status, answerMs }: Plan): string => {
      const connectionKey = randomUUID();
      world.cloud.remoteAccess.answers.set(connectionKey, { status, delayMs: answerMs });
      ageMs = isStale === true ? STALE_MS : 0;
      const fragment = { hostname: '127.0.0.1', port, connectionKey };
      const deviceId = forChild === true ? childId : world.device.id;
      const { id } = world.cloud.createOperation(deviceId, { c8y_RemoteAccessConnect: fragment });
      ageMs = 0;
      return id;
    };
    const plans = Array.from({ length: OPERATIONS }, () => ({
      atMs: random() * SPREAD_MS,
      plan: planOf(random, ports),
    })).sort((one, other) => one.atMs - other.atMs);
    const expected = new Map<string, string>();
    let mostAtOnce = 0;
    for (const [index, { atMs, plan }] of plans.entries()) {
      const waitMs = atMs - (plans[index - 1]?.atMs ?? 0);
      if (waitMs > 1) await pause(waitMs);
      expected.set(create(plan), plan.story);
      mostAtOnce = Math.max(mostAtOnce, world.gateway.supervisor.registry.sessions);
    }

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
    assert.equal(untouched.connections, 0, 'a denied target was touched');
    const upgrades = world.cloud.requests.list('GET', '/service/remoteaccess/device/');
    assert.equal(new Set(upgrades.map(({ path }) => path)).size, upgrades.length, 'a key was used twice');

    await world.stop();
    for (const trap of [accepting, resetting, untouched]) await trap.stop();
    await hole.stop();
    assert.ok(performance.now() - startedAtMs < LIMIT_MS, 'the storm took too long');
  });
}
