import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { ActivitySamples } from '../../../src/admin/activity/activity-samples.js';
import type { ActivityView } from '../../../src/admin/backend.js';
import { EventFeed, type Subscriber } from '../../../src/admin/events/event-feed.js';
import { MAX_EVENT_BACKLOG_BYTES, MAX_SUBSCRIBERS } from '../../../src/admin/limits.js';
import { untilTrue } from '../../helpers/until.js';
import { bodyOf, FakeBackend, request, SESSION, STATUS, statusOf, withAdmin } from './admin-helpers.js';

/** A response that keeps what it was told. */
class Told extends EventEmitter implements Subscriber {
  readonly events: { readonly event: string; readonly message: Record<string, unknown> }[] = [];
  writableLength = 0;
  destroyed = false;

  write(bytes: Buffer): boolean {
    const [, event = '', json = ''] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(bytes.toString()) ?? [];
    this.events.push({ event, message: JSON.parse(json) as Record<string, unknown> });
    return true;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }

  names(): string[] {
    return this.events.map(({ event }) => event);
  }
}

function feedOf(backend: FakeBackend): EventFeed {
  return new EventFeed({ source: backend, onError: (error) => assert.fail(String(error)), intervalMs: 5 });
}

test('each dashboard gets a snapshot, then all get the same changes', async () => {
  const backend = new FakeBackend();
  const feed = feedOf(backend);
  const [first, second] = [new Told(), new Told()];
  feed.subscribe(first);
  await untilTrue('changes', () => first.events.length > 1);
  feed.subscribe(second);
  assert.deepEqual(second.names(), ['snapshot']);
  backend.list = [];
  const isGone = ({ message }: (typeof first.events)[number]): boolean => 'gone' in message;
  await untilTrue('the end of the session', () => first.events.some(isGone) && second.events.some(isGone));
  assert.deepEqual(first.events.find(isGone)?.message.gone, [SESSION.id]);
  assert.deepEqual(
    [...new Set(first.names().slice(1))],
    ['changes'],
    'a dashboard that is there is told only what is new',
  );
  first.destroy();
  second.destroy();
  assert.equal(feed.subscribers, 0);
});

test('each sample is told once, as it is taken', async () => {
  const backend = new FakeBackend();
  const samples = new ActivitySamples();
  let atMs = Date.now() - 60_000;
  const activity = (): ActivityView => {
    atMs += 1_000;
    samples.take(atMs, STATUS.generations);
    return { ...backend.activity(), samples: samples.list() };
  };
  const feed = new EventFeed({
    source: { ...members(backend), activity },
    onError: (error) => assert.fail(String(error)),
    intervalMs: 1,
  });
  const told = new Told();
  feed.subscribe(told);
  await untilTrue('three changes', () => told.events.length > 3);
  told.destroy();
  const times = told.events.flatMap(({ message }) =>
    ((message.samples ?? []) as ActivityView['samples']).map((sample) => sample.atMs),
  );
  const first = times[0] ?? NaN;
  assert.ok(times.length > 3, `${times.length} samples`);
  assert.deepEqual(
    times,
    times.map((_, index) => first + index * 1_000),
  );
});

test('nothing is asked of the agent while no dashboard is open', async () => {
  let asked = 0;
  const backend = new FakeBackend();
  const feed = new EventFeed({
    source: { ...members(backend), status: () => ((asked += 1), backend.status()) },
    onError: (error) => assert.fail(String(error)),
    intervalMs: 1,
  });
  const told = new Told();
  feed.subscribe(told);
  await untilTrue('two messages', () => told.events.length > 1);
  told.destroy();
  const before = asked;
  const later = new Told();
  feed.subscribe(later);
  await untilTrue('a snapshot', () => later.events.length > 0);
  later.destroy();
  assert.ok(asked - before <= 2, `${asked - before} questions`);
  assert.equal(later.names()[0], 'snapshot');
});

test('one that does not read is dropped, the others go on', async () => {
  const feed = feedOf(new FakeBackend());
  const [slow, other] = [new Told(), new Told()];
  feed.subscribe(slow);
  feed.subscribe(other);
  await untilTrue('both snapshots', () => slow.events.length > 0 && other.events.length > 0);
  slow.writableLength = MAX_EVENT_BACKLOG_BYTES + 1;
  await untilTrue('the slow one to be dropped', () => slow.destroyed);
  const seen = other.events.length;
  await untilTrue('more changes', () => other.events.length > seen);
  assert.equal(feed.subscribers, 1);
  other.destroy();
});

test('an agent that fails to answer once is asked again', async () => {
  const backend = new FakeBackend();
  const errors: unknown[] = [];
  let isBroken = true;
  const status = (): ReturnType<FakeBackend['status']> => {
    if (isBroken) throw new Error('not now');
    return backend.status();
  };
  const feed = new EventFeed({
    source: { ...members(backend), status },
    onError: (error) => errors.push(error),
    intervalMs: 1,
  });
  const told = new Told();
  feed.subscribe(told);
  await untilTrue('an error', () => errors.length > 0);
  isBroken = false;
  await untilTrue('the snapshot', () => told.names()[0] === 'snapshot');
  told.destroy();
});

function members(backend: FakeBackend) {
  return {
    status: () => backend.status(),
    sessions: () => backend.sessions(),
    operations: () => backend.operations(),
    activity: () => backend.activity(),
    approvals: () => backend.approvals(),
  };
}

async function subscribe(port: number): Promise<IncomingMessage> {
  const asking = get({ host: '127.0.0.1', port, path: '/api/events', agent: false });
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  return answer;
}

test('GET /api/events is a stream of server-sent events', () =>
  withAdmin({}, async ({ port }) => {
    const answer = await subscribe(port);
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers['content-type'], 'text/event-stream');
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.match(answer.headers['content-security-policy']?.toString() ?? '', /default-src 'none'/);
    const [chunk] = (await once(answer, 'data')) as [Buffer];
    assert.match(chunk.toString(), /^event: snapshot\ndata: \{"atMs":/);
    answer.destroy();
  }));

test('more dashboards than there is room for are told so, until one is closed', () =>
  withAdmin({}, async ({ port }) => {
    const open = await Promise.all(Array.from({ length: MAX_SUBSCRIBERS }, () => subscribe(port)));
    assert.ok(open.every(({ statusCode }) => statusCode === 200));
    const refused = await request(port, 'GET /api/events');
    assert.equal(statusOf(refused), 503);
    assert.match(bodyOf(refused), /"busy".*8 dashboards are open already; close one of them\./);
    assert.match(refused, /Retry-After: 5/);
    open[0]?.destroy();
    let isIn = false;
    while (!isIn) {
      const again = await subscribe(port);
      isIn = again.statusCode === 200;
      again.destroy();
    }
    for (const answer of open) answer.destroy();
  }));

test('HEAD /api/events has the header and no end of its own to wait for', () =>
  withAdmin({}, async ({ port }) => {
    const answer = await request(port, 'HEAD /api/events');
    assert.equal(statusOf(answer), 200);
    assert.equal(bodyOf(answer), '');
  }));

for (const path of ['/api/events', '/api/operations']) {
  test(`${path} is for our own site and for who has the token`, () =>
    withAdmin({ token: 'a-token-of-length' }, async ({ port }) => {
      const token = 'Authorization: Bearer a-token-of-length';
      const status = async (...headers: string[]): Promise<number> =>
        statusOf(await request(port, `HEAD ${path}`, headers));
      assert.equal(await status(), 401);
      assert.equal(await status('Authorization: Bearer wrong'), 401);
      assert.equal(await status(token), 200);
      assert.equal(
        await status(token, `Origin: http://127.0.0.1:${port}`, 'Sec-Fetch-Site: same-origin'),
        200,
      );
      assert.equal(await status(token, 'Origin: http://evil.example'), 403);
      assert.equal(await status(token, 'Sec-Fetch-Site: cross-site'), 403);
      assert.equal(await status(token, 'Host: evil.example'), 421);
      assert.equal(statusOf(await request(port, `GET ${path}?token=a-token-of-length`)), 401);
      assert.equal(statusOf(await request(port, `GET ${path}?token=x`, [token])), 400);
      assert.equal(statusOf(await request(port, `POST ${path}`, [token])), 405);
      assert.equal(statusOf(await request(port, `DELETE ${path}`, [token])), 405);
      assert.equal(statusOf(await request(port, `GET ${path}/`, [token])), 404);
      assert.equal(statusOf(await request(port, `GET /.${path}`, [token])), 404);
    }));
}
