import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RestEvents } from '../../../src/cloud/event-rest.js';
import type { CloudEvent } from '../../../src/cloud/event.js';
import type { RestRequest } from '../../../src/cloud/rest-client.js';

const EVENT: CloudEvent = {
  id: 'a',
  deviceId: '4',
  type: 'gatehouse_SessionEnded',
  time: '2026-11-22T10:00:00.000Z',
  text: 'Remote access ended',
  facts: { session: 'a' },
};

/** A cloud that has these sessions, newest first, and is asked at `nowMs`. */
function cloudWith(sessions: readonly string[], nowMs = 0) {
  const asked: URLSearchParams[] = [];
  const send = ({ path }: RestRequest): Promise<unknown> => {
    const query = new URL(path, 'http://127.0.0.1').searchParams;
    asked.push(query);
    const [size, page] = [Number(query.get('pageSize')), Number(query.get('currentPage'))];
    const found = sessions.slice(size * (page - 1), size * page);
    return Promise.resolve({ events: found.map((session) => ({ gatehouse_Session: { session } })) });
  };
  const look = (event: CloudEvent) =>
    new RestEvents({ send }, () => nowMs).look(event, new AbortController().signal);
  return { asked, look };
}

test('an event without an answer is looked for around its own time', async () => {
  const { asked, look } = cloudWith(['b', 'a'], Date.parse('2026-11-22T18:00:00Z'));
  assert.equal((await look(EVENT)).kind, 'delivered');
  const [query] = asked;
  assert.equal(query?.get('dateFrom'), '2026-11-22T09:59:59.000Z');
  assert.equal(query.get('dateTo'), '2026-11-22T10:00:01.000Z');
});

test('what an earlier run may have said is looked for from then to now, page by page', async () => {
  const many = Array.from({ length: 1_100 }, (_, index) => `other-${index}`);
  const doubtful = { ...EVENT, doubtfulSince: '2026-11-20T08:00:00.000Z' };
  const nowMs = Date.parse('2026-11-22T18:00:00Z');
  const there = cloudWith([...many, 'a'], nowMs);
  assert.equal((await there.look(doubtful)).kind, 'delivered');
  assert.equal(there.asked.length, 3);
  const [query] = there.asked;
  assert.equal(query?.get('dateFrom'), '2026-11-20T07:59:59.000Z');
  assert.equal(query.get('dateTo'), '2026-11-22T18:00:01.000Z');
  const absent = cloudWith(many, nowMs);
  assert.equal((await absent.look(doubtful)).kind, 'absent');
  assert.equal(absent.asked.length, 3);
});

test('what an earlier run may have said is looked for also while the own clock is behind', async () => {
  const { asked, look } = cloudWith([], 0);
  await look({ ...EVENT, time: '2026-11-22T05:00:00.000Z', doubtfulSince: '2026-11-22T09:30:00.000Z' });
  assert.equal(asked[0]?.get('dateFrom'), '2026-11-22T04:59:59.000Z');
});
