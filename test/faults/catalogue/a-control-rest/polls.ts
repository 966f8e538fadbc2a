import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { eventually } from '../../../helpers/eventually.js';
import { isMeta, type BentRequest } from '../../injectors/http-bender.js';
import type { Rig } from '../../rig.js';
import { assertWithin, lapse } from '../../rig/time.js';
import { allUp, BACK_MS, bent, CONNECT, down, HANDSHAKE, SUBSCRIBE, ups, works } from '../control/link.js';

/** What we ask the cloud to hold a poll, and what it may take beyond that, in ms. */
const POLL_MS = 20_000;
const GRACE_OF_POLL_MS = 15_000;

/** A07: long polls are never answered. */
export async function heldForEver(rig: Rig): Promise<void> {
  const { stand, bender } = await bent(rig, { launch: false });
  stand.cloud.realtime.faults.holdForever = true;
  await stand.launch();
  const startedAt = (await eventually(() => bender.metas(CONNECT)[0], 'the poll that is held')).atMs;
  await down(stand.agent, /took longer than 35000 ms/, POLL_MS + GRACE_OF_POLL_MS + 10_000);
  const ms = performance.now() - startedAt;
  rig.figure('given up after ms', ms);
  assertWithin(ms, POLL_MS + GRACE_OF_POLL_MS);
  stand.cloud.realtime.faults.holdForever = false;
  await ups(stand.agent, 2);
  await works(stand, await rig.target());
}

/** A08: the cloud forgets its clients; what comes meanwhile is found by the sweep. */
export async function forgotten(rig: Rig): Promise<void> {
  const { stand, bender } = await bent(rig);
  const target = await rig.target();
  await works(stand, target);
  const before = bender.metas(SUBSCRIBE).length;
  stand.cloud.forgetRealtimeSessions();
  await allUp(stand, [stand.operate(target), stand.operate(target)]);
  const paths = bender.requests.map((request) =>
    isMeta(request, HANDSHAKE) ? 'handshake' : isMeta(request, SUBSCRIBE) ? 'subscribe' : request.path,
  );
  assert.equal(bender.metas(SUBSCRIBE).length, before + 1);
  const subscribed = paths.lastIndexOf('subscribe');
  assert.ok(paths.lastIndexOf('handshake') < subscribed);
  assert.ok(
    paths.slice(subscribed).some((path) => path.includes('status=PENDING')),
    'swept afterwards',
  );
}

/** A09: advice reconnect=none in the answer to a poll. */
export async function adviceNone(rig: Rig): Promise<void> {
  const { stand, bender } = await bent(rig);
  stand.cloud.realtime.faults.advice = { reconnect: 'none' };
  stand.operate(await rig.target());
  // The poll that is held when the operation comes has its advice already; the next one ends by itself.
  await down(stand.agent, /advice none/, 45_000);
  const downAt = performance.now();
  stand.cloud.realtime.faults.advice = {};
  const tries = bender.metas(HANDSHAKE).length;
  await eventually(() => bender.metas(HANDSHAKE).length > tries || undefined, 'a new handshake', 45_000);
  const waitedMs = performance.now() - downAt;
  rig.figure('new handshake after ms', waitedMs);
  assert.ok(waitedMs >= 29_500, `${waitedMs} ms`);
  await works(stand, await rig.target(), BACK_MS);
}

/** How long polls are counted, in ms. */
const WATCH_MS = 3_000;

/** A10: intervals that no cloud should advise. */
export async function intervals(rig: Rig): Promise<void> {
  const { stand, bender } = await bent(rig);
  for (const [name, interval] of [
    ['zero', 0],
    ['negative', -60_000],
    ['text', '5000'],
    ['endless', 1e12],
  ] as const) {
    let answered = 0;
    bender.bend = (request, response) => {
      if (!isMeta(request, CONNECT)) return undefined;
      answered += 1;
      return connected(request, response, { reconnect: 'retry', interval, timeout: 5_000 });
    };
    stand.cloud.forgetRealtimeSessions();
    await eventually(() => answered > 0 || undefined, 'a poll', BACK_MS);
    const before = answered;
    await lapse(WATCH_MS);
    const polls = answered - before;
    rig.figure(`polls with ${name}`, polls);
    const most = name === 'endless' ? 0 : (WATCH_MS / 1_000) * 10 + 2;
    assert.ok(polls <= most, `${polls} polls in ${WATCH_MS} ms`);
    bender.bend = () => undefined;
    if (name !== 'endless') await works(stand, await rig.target(), BACK_MS);
  }
  assert.equal(await stand.agent.isReady(), true);
  // In the long interval the sweep, once a minute, still brings operations.
  await works(stand, await rig.target(), 90_000);
}

function connected(request: BentRequest, response: ServerResponse, advice: object): true {
  const [{ id }] = JSON.parse(request.body) as [{ id: string }];
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify([{ channel: CONNECT, id, successful: true, advice }]));
  return true;
}

/** A11: a subscription that is refused, and one that is confirmed for somebody else's channel. */
export async function refusedSubscription(rig: Rig): Promise<void> {
  const { stand, bender } = await bent(rig, { launch: false });
  const target = await rig.target();
  bender.bend = (request) =>
    isMeta(request, SUBSCRIBE) ? (reply) => reply.replace(/("subscription":")[^"]*/, '$1/99999') : undefined;
  await stand.launch({ waitForLink: false });
  const { level } = await down(stand.agent, /confirmed a subscription to another channel/);
  assert.equal(level, 'error');
  assert.equal(await stand.agent.isReady(), false);
  bender.bend = () => undefined;
  stand.cloud.realtime.faults.refusedSubscribes = 1_000;
  await stand.agent.ready(BACK_MS);
  await stand.agent.logged('real-time notifications are refused; polling the list of operations instead');
  await works(stand, target);
}

/** A12: replies to other questions, twice, and in the wrong order. */
export async function unmatched(rig: Rig): Promise<void> {
  const { stand, bender } = await bent(rig);
  const target = await rig.target();
  const strange = [
    { channel: CONNECT, id: '999999', successful: true },
    { channel: HANDSHAKE, id: '1', successful: true, clientId: 'somebody-else' },
    { channel: '/42', data: { id: '1', status: 'PENDING' } },
    null,
  ];
  bender.bend = (request) =>
    isMeta(request, CONNECT)
      ? (reply) => {
          const messages = JSON.parse(reply) as object[];
          return JSON.stringify([...strange, ...messages.reverse(), ...messages]);
        }
      : undefined;
  // The poll that is under way already brings this one; those behind it are bent.
  await works(stand, target);
  const ids = [stand.operate(target), stand.operate(target), stand.operate(target)];
  await allUp(stand, ids);
  assert.equal(target.connections.length, ids.length + 1);
  assert.ok((await stand.agent.metric('gatehouse_control_violations_total{kind="unmatched"}')) >= 4);
}

/** Where replies are cut, in bytes: the first one, in the middle of a name, and behind the operation. */
const CUTS = [1, 40, 200];

/** A13: the reply with the operation breaks off. */
export async function cutReplies(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  for (const afterBytes of CUTS) {
    stand.cloud.realtime.faults.cutReply = { afterBytes, times: 1 };
    await allUp(stand, [stand.operate(target)]);
  }
  assert.equal(target.connections.length, CUTS.length);
}
