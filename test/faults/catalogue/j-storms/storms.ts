import assert from 'node:assert/strict';
import { request, Agent as HttpAgent } from 'node:http';
import type { Socket } from 'node:net';
import { Backoff } from '../../../../src/cloud/backoff.js';
import { DEFAULT_TIMING } from '../../../../src/cloud/timing.js';
import { eventually } from '../../../helpers/eventually.js';
import { seeded } from '../../../helpers/random.js';
import type { Rig } from '../../rig.js';
import type { Stand } from '../../rig/stand.js';
import { assertWithin, lapse } from '../../rig/time.js';
import { BACK_MS, CONNECT, down, bent, gaps, ups, works } from '../control/link.js';

/** Upgrades that the cloud has seen. */
/** Dials of the cloud since then, in ms since 1970; it remembers its last 10,000 requests. */
const upgradesSince = (stand: Stand, sinceMs: number) =>
  stand.cloud.requests.list('GET', '/service/remoteaccess/device/').filter(({ atMs }) => atMs >= sinceMs)
    .length;

/** Longest stalls of the main thread and of the workers since the last look, in ms. */
async function stalls(stand: Stand): Promise<{ main: number; workers: number }> {
  const text = await stand.agent.metrics();
  const values = [...text.matchAll(/^gatehouse_worker_event_loop_delay_seconds\{.*\} (.*)$/gm)];
  const main = /^nodejs_eventloop_lag_max_seconds (.*)$/m.exec(text)?.[1] ?? '0';
  return {
    main: Number(main) * 1_000,
    workers: 1_000 * Math.max(0, ...values.map((match) => Number(match[1]))),
  };
}

/** Creates operations, a thousand at a time, and waits until each has its final status. */
async function storm(stand: Stand, port: number, count: number, overMs = 0): Promise<string[]> {
  const ids: string[] = [];
  const steps = Math.max(1, overMs / 100);
  while (ids.length < count) {
    const until = Math.min(count, ids.length + Math.ceil(count / Math.max(steps, count / 1_000)));
    while (ids.length < until) ids.push(stand.operate({ port }));
    await lapse(overMs === 0 ? 0 : 100);
  }
  await eventually(() => stand.ledger.finished >= count || undefined, 'every final status', 120_000);
  stand.ledger.assertOneFinalStatusEach();
  return ids;
}

/** A target that says nothing, and hangs up when the gateway does. */
const listens = (socket: Socket): void => {
  socket
    .on('error', () => undefined)
    .on('end', () => socket.end())
    .resume();
};

/** Sessions that are opened at a time. */
const WAVE = 500;

/** J01: the cloud dies under open tunnels. */
export const cloudDies =
  (tunnels: number) =>
  async (rig: Rig): Promise<void> => {
    const stand = await rig.start({
      // Nobody is behind these tunnels who would answer a ping.
      sections: {
        limits: { sessionsPerTarget: tunnels },
        workers: { count: 2 },
        keepAlive: { webSocketPing: 0 },
      },
    });
    const target = await rig.target(listens);
    for (let open = 0; open < tunnels; open += WAVE) {
      const ids = Array.from({ length: Math.min(WAVE, tunnels - open) }, () => stand.operate(target));
      await eventually(
        () => ids.every((id) => stand.ledger.finalOf(id) === 'SUCCESSFUL') || undefined,
        'a wave of sessions',
      );
    }
    await eventually(() => target.connections.length === tunnels || undefined, 'every target connection');
    const ended = (await stand.agent.metrics()).match(/^gatehouse_sessions_total.*$/gm) ?? [];
    assert.deepEqual(ended, [], 'no session has ended yet');
    assert.equal((await stand.agent.sessions()).length, tunnels);
    await lapse(1_500);
    const killedAtMs = Date.now();
    const killedAt = performance.now();
    await stand.cloud.goDown();
    const startedAt = performance.now();
    rig.figure('cloud took to die ms', startedAt - killedAt);
    await eventually(
      () => target.connections.every(({ ending }) => ending !== undefined) || undefined,
      'the end of every target connection',
    );
    const ms = performance.now() - startedAt;
    rig.figure('all closed after ms', ms);
    assertWithin(ms, 3_000);
    await lapse(1_200);
    const { workers } = await stalls(stand);
    rig.figure('longest stall of a worker ms', workers);
    assertWithin(workers, 250);
    assert.equal((await stand.agent.sessions()).length, 0);
    await stand.cloud.comeBack();
    const backAt = performance.now();
    await stand.agent.ready(BACK_MS);
    rig.figure('link back after ms', performance.now() - backAt);
    assert.equal(upgradesSince(stand, killedAtMs), 0, 'nothing was dialled again');
    await works(stand, target);
  };

/** J02: everybody presses connect within ten seconds. */
export const everybodyConnects =
  (count: number, overMs: number) =>
  async (rig: Rig): Promise<void> => {
    const stand = await rig.start({
      sections: { limits: { sessionsPerTarget: count }, workers: { count: 2 } },
    });
    const target = await rig.target(listens);
    await stand.cloud.goDown();
    await down(stand.agent, /./);
    await stand.cloud.comeBack();
    await ups(stand.agent, 2);
    await stalls(stand);
    const startedAt = performance.now();
    const ids = await storm(stand, target.port, count, overMs);
    rig.figure('all answered after ms', performance.now() - startedAt);
    const late = ids.filter((id) => stand.ledger.story(id).includes('cloud-timeout'));
    assert.equal(late.length, 0, 'handshakes that timed out');
    const up = ids.filter((id) => stand.ledger.finalOf(id) === 'SUCCESSFUL').length;
    const refused = ids.filter((id) => stand.ledger.story(id) === 'PENDING FAILED limit-reached').length;
    rig.figure('up', up);
    rig.figure('refused at once', refused);
    assert.equal(up + refused, count);
  };

const GATEWAYS = 1_000;
const SLICE_MS = 100;

/** J03: a thousand gateways lose the cloud in one moment, which is back after half a minute. */
export function herd(rig: Rig): Promise<void> {
  const random = seeded(11);
  const arrivals: number[] = [];
  for (let gateway = 0; gateway < GATEWAYS; gateway += 1) {
    let nowMs = 0;
    const backoff = new Backoff(DEFAULT_TIMING.backoff, () => nowMs, random);
    while (nowMs < 30_000) nowMs += backoff.next();
    arrivals.push(nowMs);
  }
  const slices = new Map<number, number>();
  for (const at of arrivals)
    slices.set(Math.floor(at / SLICE_MS), (slices.get(Math.floor(at / SLICE_MS)) ?? 0) + 1);
  const peak = Math.max(...slices.values()) * (1_000 / SLICE_MS);
  rig.figure('peak arrivals per s', peak);
  // All at once would be 1,000 in the first slice, 10,000 a second.
  assert.ok(peak <= 500, `${peak} a second`);
  return Promise.resolve();
}

/** J04: the link comes up and goes down after three seconds, over and over. */
export async function flapping(rig: Rig): Promise<void> {
  const { stand, bender } = await bent(rig);
  const timer = setInterval(() => {
    const last = bender.metas('/meta/handshake').at(-1)?.atMs ?? 0;
    if (performance.now() - last >= 3_000) stand.cloud.forgetRealtimeSessions();
  }, 100);
  rig.atEnd(() => clearInterval(timer));
  await lapse(55_000);
  const moments = bender.metas('/meta/handshake').map(({ atMs }) => atMs);
  const waits = gaps(moments).map((gap) => gap - 3_000);
  rig.figure('handshakes in 55 s', moments.length);
  rig.figure('longest wait ms', Math.max(...waits));
  // With a back-off that starts over it would be 16; with one that grows, waits of 4 s and more are soon among them.
  assert.ok(moments.length <= 13, `${moments.length} handshakes`);
  assert.ok(bender.metas(CONNECT).length < 300);
}

/** J05: operations that are all refused. */
export async function logStorm(rig: Rig): Promise<void> {
  const stand = await rig.start({ sections: { conduits: [] } });
  const count = 2_000;
  await storm(stand, 9, count);
  await lapse(1_500);
  const lines = stand.agent.log();
  const told = lines.filter(({ msg }) => msg === 'operation refused').length;
  const dropped = lines
    .filter(({ of }) => of === 'operation refused')
    .reduce((sum, line) => sum + Number(line.dropped), 0);
  rig.figure('lines', told);
  assert.ok(told <= 400, `${told} lines`);
  assert.equal(told + dropped, count, 'told and counted');
  assert.equal(await stand.agent.metric('gatehouse_sessions_total{outcome="policy-denied"}'), count);
}

const CLIENTS = 100;
const ASKS = 20;

/** J06: a hundred clients ask for metrics and sessions as fast as they can. */
export async function scrapes(rig: Rig): Promise<void> {
  const stand = await rig.start({ sections: { limits: { sessionsPerTarget: 500 } } });
  const target = await rig.target();
  await storm(stand, target.port, 200);
  const statuses: number[] = [];
  const ask = async (): Promise<void> => {
    const agent = new HttpAgent({ keepAlive: true, maxSockets: 1 });
    for (let turn = 0; turn < ASKS; turn += 1) {
      statuses.push(
        await statusOf(`${stand.agent.adminUrl}${turn % 2 === 0 ? '/metrics' : '/api/sessions'}`, agent),
      );
    }
    agent.destroy();
  };
  const asking = Promise.all(Array.from({ length: CLIENTS }, ask));
  await works(stand, target);
  await asking;
  const answered = statuses.filter((status) => status === 200).length;
  rig.figure('answered', answered);
  rig.figure('turned away', statuses.length - answered);
  assert.equal(statuses.length, CLIENTS * ASKS);
  assert.deepEqual(
    [...new Set(statuses)].filter((status) => ![0, 200, 503].includes(status)),
    [],
  );
  assert.ok(answered > 0);
  await works(stand, target);
}

/** 0 when the connection was closed without an answer. */
function statusOf(url: string, agent: HttpAgent): Promise<number> {
  return new Promise((resolve) => {
    const asked = request(url, { agent }, (response) => {
      response.on('error', () => undefined).resume();
      resolve(response.statusCode ?? 0);
    });
    asked.setTimeout(15_000, () => asked.destroy());
    asked.on('error', () => resolve(0)).end();
  });
}

/** J07: many sessions over TLS at once. */
export const handshakes =
  (count: number) =>
  async (rig: Rig): Promise<void> => {
    const stand = await rig.start({
      tls: true,
      sections: { limits: { sessionsPerTarget: count }, workers: { count: 2 } },
    });
    const target = await rig.target(listens);
    await stalls(stand);
    const startedAt = performance.now();
    const ids = await storm(stand, target.port, count);
    const ms = performance.now() - startedAt;
    rig.figure('handshakes a second', count / (ms / 1_000));
    const { main } = await stalls(stand);
    rig.figure('longest stall of main ms', main);
    assertWithin(main, 200);
    for (const id of ids) assert.equal(stand.ledger.finalOf(id), 'SUCCESSFUL');
  };
