import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Backoff } from '../../../src/cloud/backoff.js';
import { EventOutbox } from '../../../src/cloud/event-outbox.js';
import type { CloudEvent, EventJournal } from '../../../src/cloud/event.js';
import type { Absent, Delivery } from '../../../src/cloud/status-transport.js';
import { eventually } from '../../helpers/eventually.js';

const DELIVERED: Delivery = { kind: 'delivered' };
const AWAY: Delivery = { kind: 'retry', why: 'away', pace: { kind: 'normal' }, everything: true };

const eventOf = (id: string): CloudEvent => ({
  id,
  deviceId: '4',
  type: 'gatehouse_SessionEnded',
  time: '2026-11-22T10:00:00.000Z',
  text: 'Remote access ended',
  facts: { session: id },
});

/** An outbox towards a cloud that answers what the test says. */
function outboxTo(t: TestContext, capacity = 10) {
  const cloud = {
    answer: DELIVERED,
    found: { kind: 'absent' } as Delivery | Absent,
    sent: [] as string[],
    looked: [] as string[],
  };
  const settled: string[] = [];
  const queued: string[] = [];
  const said: string[] = [];
  const say = (fields: object, message: string): void =>
    void said.push(`${message} ${JSON.stringify(fields)}`);
  /** What the disk waits for. */
  const disk = { ready: Promise.resolve() };
  const journal: EventJournal = {
    queue: ({ id }) => {
      queued.push(id);
      return disk.ready;
    },
    settled: (id) => void settled.push(id),
  };
  const outbox = new EventOutbox({
    transport: {
      send: ({ id }) => {
        cloud.sent.push(id);
        return Promise.resolve(cloud.answer);
      },
    },
    look: ({ id }) => {
      cloud.looked.push(id);
      return Promise.resolve(cloud.found);
    },
    journal,
    backoff: new Backoff({ baseMs: 1, capMs: 5, slowCapMs: 5, resetMs: 5 }, () => 0),
    log: { debug: say, info: say, warn: say, error: say },
    capacity,
  });
  t.after(() => outbox.stop());
  return { outbox, cloud, disk, settled, queued, said };
}

test('an event is on the disk before it is sent, and leaves the disk when the cloud has it', async (t) => {
  const { outbox, cloud, settled, queued } = outboxTo(t);
  outbox.report(eventOf('a'));
  await eventually(() => outbox.size === 1 || undefined, 'an event that waits');
  assert.deepEqual([queued, cloud.sent], [['a'], []], 'nothing is sent before it is opened');
  outbox.open();
  await eventually(() => settled.length === 1 || undefined, 'an event that the cloud has');
  assert.deepEqual([cloud.sent, cloud.looked, outbox.size], [['a'], [], 0]);
});

test('an event without an answer is looked for before it is sent again', async (t) => {
  const { outbox, cloud, settled } = outboxTo(t);
  cloud.answer = AWAY;
  outbox.open();
  outbox.report(eventOf('a'));
  await eventually(() => cloud.sent.length > 1 || undefined, 'a second try');
  assert.ok(cloud.looked.length > 0);
  cloud.found = DELIVERED;
  await eventually(() => settled.length === 1 || undefined, 'an event that was there');
  const { length } = cloud.sent;
  outbox.retryNow();
  assert.equal(cloud.sent.length, length);
});

test('an event of an earlier run is looked for first, and is taken once', async (t) => {
  const { outbox, cloud, settled, queued } = outboxTo(t);
  cloud.found = DELIVERED;
  outbox.resume(eventOf('a'));
  outbox.resume(eventOf('a'));
  outbox.report(eventOf('a'));
  outbox.open();
  await eventually(() => settled.length === 1 || undefined, 'the event');
  assert.deepEqual([cloud.looked, cloud.sent, queued], [['a'], [], []]);
});

test('an event that the cloud refuses is given up, and the next one goes out', async (t) => {
  const { outbox, cloud, settled, said } = outboxTo(t);
  cloud.answer = { kind: 'dropped', why: 'answered 422' };
  outbox.open();
  outbox.report(eventOf('a'));
  outbox.report(eventOf('b'));
  await eventually(() => settled.length === 2 || undefined, 'both');
  assert.match(said[0] ?? '', /the cloud does not take an event.*422/);
});

test('beyond the bound the oldest events are lost, and counted', async (t) => {
  const { outbox, settled, said } = outboxTo(t, 3);
  for (const id of ['a', 'b', 'c', 'd', 'e']) outbox.report(eventOf(id));
  await eventually(() => outbox.lost === 2 || undefined, 'lost events');
  assert.deepEqual([settled, outbox.size], [['a', 'b'], 3]);
  assert.equal(said.length, 1, 'one line, not one for each');
  assert.match(said[0] ?? '', /events for the cloud are lost, oldest first/);
});

test('an event that is on its way to the disk counts, and a flush waits until the cloud has it', async (t) => {
  const { outbox, cloud, disk } = outboxTo(t);
  outbox.open();
  let written = (): void => undefined;
  disk.ready = new Promise((resolve) => (written = resolve));
  outbox.report(eventOf('a'));
  outbox.report(eventOf('a'));
  assert.equal(outbox.size, 1);
  let isFlushed = false;
  const flushed = outbox.flush(60_000).then(() => (isFlushed = true));
  await new Promise(setImmediate);
  assert.deepEqual([isFlushed, cloud.sent], [false, []]);
  written();
  await flushed;
  assert.deepEqual([cloud.sent, outbox.size], [['a'], 0]);
});

test('an event that an earlier run may have sent with other words is looked for first', async (t) => {
  const { outbox, cloud, settled, queued } = outboxTo(t);
  cloud.found = DELIVERED;
  outbox.open();
  outbox.report({ ...eventOf('a'), doubtfulSince: '2026-11-22T09:00:00.000Z' });
  await eventually(() => settled.length === 1 || undefined, 'the event');
  assert.deepEqual([queued, cloud.looked, cloud.sent], [['a'], ['a'], []]);
});
