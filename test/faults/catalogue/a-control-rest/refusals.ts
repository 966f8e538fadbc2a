import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '../../../helpers/eventually.js';
import { isMeta } from '../../injectors/http-bender.js';
import type { Rig } from '../../rig.js';
import { lapse } from '../../rig/time.js';
import { BACK_MS, bent, down, HANDSHAKE, NOTIFICATIONS, works } from '../control/link.js';

/** Longest time in which tries are counted, in ms, and the most that full jitter makes in it. */
const WATCH_MS = 6_000;
const MOST_TRIES = 12;

/** A02: the handshake is answered 401 for a while. */
export async function unauthorized(rig: Rig): Promise<void> {
  const stand = await rig.start({
    waitForLink: false,
    before: (cloud) => {
      cloud.faults.set({ requests: [{ path: NOTIFICATIONS, status: 401 }] });
    },
  });
  const line = await down(stand.agent, /401: the cloud does not accept the credentials/);
  assert.equal(line.level, 'error', 'somebody has to act');
  assert.equal(await stand.agent.isReady(), false);
  stand.cloud.requests.clear();
  await lapse(WATCH_MS);
  const tries = stand.cloud.requests.list('POST', NOTIFICATIONS).length;
  rig.figure('tries in 6 s', tries);
  assert.ok(tries <= MOST_TRIES, `${tries} tries`);
  stand.cloud.faults.clear();
  await stand.agent.ready(BACK_MS);
  await works(stand, await rig.target());
}

/** A03: everything is answered 403. */
export async function forbidden(rig: Rig): Promise<void> {
  const stand = await rig.start({
    waitForLink: false,
    before: (cloud) => {
      cloud.faults.set({ requests: [{ status: 403 }] });
    },
  });
  const line = await down(stand.agent, /403: the gateway's user lacks a permission/);
  assert.equal(line.level, 'error');
  stand.cloud.faults.clear();
  await stand.agent.ready(BACK_MS);
  await works(stand, await rig.target());
}

/** A04: a path that is not there, and a login page where JSON should be. */
export async function wrongPlace(rig: Rig): Promise<void> {
  const { stand, bender } = await bent(rig, { launch: false });
  bender.bend = (_request, response) => {
    response.writeHead(404, { 'content-type': 'text/html' }).end('<html>not here</html>');
    return true;
  };
  const agent = await stand.launch({ waitForLink: false });
  const host = bender.url.replaceAll('.', '\\.');
  const lost = await down(agent, new RegExp(`/inventory/managedObjects at ${host} answered 404`));
  assert.equal(lost.level, 'error');
  bender.bend = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>please log in</html>');
    return true;
  };
  const page = await down(agent, new RegExp(`at ${host} answered with something that is not JSON`), BACK_MS);
  assert.equal(page.level, 'error');
  assert.ok((await agent.metric('gatehouse_control_violations_total{kind="malformed"}')) >= 1);
  bender.bend = () => undefined;
  await agent.ready(BACK_MS);
  await works(stand, await rig.target());
}

/** A05: what 429 says about the next try, and whether it is kept to. */
export async function slowDown(rig: Rig): Promise<void> {
  for (const [name, header, leastMs, mostMs] of [
    ['seconds', () => '3', 3_000, 4_000],
    ['a date', () => new Date(Date.now() + 4_000).toUTCString(), 2_000, 6_000],
    ['absent', () => undefined, 0, 1_000],
    ['negative', () => '-5', 0, 1_000],
  ] as const) {
    const { stand, bender } = await bent(rig, { launch: false });
    bender.bend = (request, response) => {
      if (bender.metas(HANDSHAKE).length > 1 || !isMeta(request, HANDSHAKE)) return undefined;
      const retryAfter = header();
      response.writeHead(429, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end();
      return true;
    };
    await stand.launch({ waitForLink: false });
    await stand.agent.ready(BACK_MS);
    const [first, second] = bender.metas(HANDSHAKE).map(({ atMs }) => atMs);
    const waitedMs = (second ?? 0) - (first ?? 0);
    rig.figure(`${name} ms`, waitedMs);
    assert.ok(waitedMs >= leastMs - 50 && waitedMs <= mostMs + 1_500, `${name}: ${waitedMs} ms`);
    await stand.end();
  }
  const { stand, bender } = await bent(rig);
  let refused = 0;
  bender.bend = ({ method }, response) => {
    if (method !== 'PUT' || refused >= 3) return undefined;
    refused += 1;
    response.writeHead(429, { 'retry-after': '1' }).end();
    return true;
  };
  await works(stand, await rig.target(), BACK_MS);
  bender.bend = (request, response) => {
    if (!isMeta(request, HANDSHAKE)) return undefined;
    response.writeHead(429, { 'retry-after': '1000000000' }).end();
    return true;
  };
  stand.cloud.forgetRealtimeSessions();
  await down(stand.agent, /asks to slow down/);
  const tries = bender.metas(HANDSHAKE).length;
  await lapse(5_000);
  assert.equal(bender.metas(HANDSHAKE).length, tries, 'it was told to wait');
}

/** A06: a third of all requests meet a 5xx while operations come. */
export async function burstsOf5xx(rig: Rig): Promise<void> {
  const { stand, bender } = await bent(rig);
  const target = await rig.target();
  let count = 0;
  bender.bend = (_request, response) => {
    count += 1;
    const status = [500, 502, 503, 504][count % 12];
    if (status === undefined) return undefined;
    response.writeHead(status).end('x'.repeat(100_000));
    return true;
  };
  const ids: string[] = [];
  for (let second = 0; second < 20; second += 1) {
    ids.push(stand.operate(target));
    await lapse(1_000);
  }
  bender.bend = () => undefined;
  await eventually(
    () => ids.every((id) => stand.ledger.finalOf(id) === 'SUCCESSFUL') || undefined,
    'every final status',
    90_000,
  );
  stand.ledger.assertOneFinalStatusEach();
  rig.figure('requests', count);
}

/** A19: redirects to here, to another host and to plain HTTP. */
export async function redirects(rig: Rig): Promise<void> {
  const visits: string[] = [];
  const elsewhere = createServer((request, response) => {
    visits.push(`${request.url ?? ''} ${request.headers.authorization ?? ''}`);
    response.writeHead(200, { 'content-type': 'application/json' }).end('[]');
  }).listen(0, '127.0.0.2');
  await once(elsewhere, 'listening');
  rig.atEnd(() => {
    elsewhere.close();
    elsewhere.closeAllConnections();
  });
  const other = `http://127.0.0.2:${(elsewhere.address() as AddressInfo).port}`;
  for (const [status, place] of [
    [301, `${other}/notification/operations`],
    [302, '/somewhere/else'],
    [307, `${other}/notification/operations`],
    [308, `${other}/`],
  ] as const) {
    const stand = await rig.start({
      waitForLink: false,
      before: (cloud) => {
        cloud.faults.set({ requests: [{ path: NOTIFICATIONS, status, location: place }] });
      },
    });
    await down(stand.agent, new RegExp(`answered ${status}: redirects are not followed`));
    assert.equal(stand.cloud.requests.list('GET', '/somewhere').length, 0);
    stand.cloud.faults.clear();
    await stand.agent.ready(BACK_MS);
    await stand.end();
  }
  assert.deepEqual(visits, [], 'nobody came to the other host');
}
