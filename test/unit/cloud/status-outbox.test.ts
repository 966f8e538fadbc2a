import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { MAX_OUTBOX_OPERATIONS } from '../../../contract/limits.js';
import { Backoff } from '../../../src/cloud/backoff.js';
import type { StatusUpdate } from '../../../src/cloud/intake.js';
import { StatusOutbox } from '../../../src/cloud/status-outbox.js';
import type { Delivery } from '../../../src/cloud/status-transport.js';
import { FAST, memoryLog, until } from './fixtures.js';

interface Held {
  readonly update: StatusUpdate;
  finish(delivery: Delivery): void;
}

const DELIVERED: Delivery = { kind: 'delivered' };
const retry = (everything: boolean): Delivery => ({
  kind: 'retry',
  why: 'the cloud is away',
  pace: { kind: 'normal' },
  everything,
});

/** An outbox whose deliveries the test decides one by one. */
function outboxOf(t: TestContext, timing = FAST.backoff) {
  const held: Held[] = [];
  const sent: string[] = [];
  const log = memoryLog();
  const monotonic = () => performance.now();
  const outbox = new StatusOutbox({
    transport: {
      send: (update) =>
        new Promise((resolve) => {
          sent.push(`${update.operationId} ${update.status}`);
          held.push({ update, finish: resolve });
        }),
    },
    backoff: new Backoff(timing, monotonic),
    timing,
    monotonic,
    log,
  });
  t.after(() => outbox.stop());
  const finish = async (delivery: Delivery) => {
    await until(() => held.length > 0, 'a status under way');
    held.shift()?.finish(delivery);
  };
  const report = (operationId: string, status: StatusUpdate['status']) =>
    outbox.report({ operationId, deviceId: '1', status });
  return { outbox, held, sent, log, finish, report };
}

test('C10: a final status waits until the cloud has EXECUTING', async (t) => {
  const { outbox, sent, finish, report } = outboxOf(t);
  report('1', 'EXECUTING');
  report('1', 'SUCCESSFUL');
  await finish(retry(false));
  await finish(DELIVERED);
  await finish(DELIVERED);
  await until(() => outbox.size === 0, 'an empty outbox');
  assert.deepEqual(sent, ['1 EXECUTING', '1 EXECUTING', '1 SUCCESSFUL']);
});

test('one operation in trouble does not hold up another', async (t) => {
  const { outbox, sent, finish, report } = outboxOf(t, { ...FAST.backoff, baseMs: 1e6, capMs: 1e6 });
  report('1', 'EXECUTING');
  await finish(retry(false));
  report('2', 'EXECUTING');
  await finish(DELIVERED);
  await until(() => outbox.size === 1, 'the second one gone');
  assert.deepEqual(sent, ['1 EXECUTING', '2 EXECUTING']);
});

test('operations go in parallel, sixteen at a time', async (t) => {
  const { held, finish, report } = outboxOf(t);
  for (let id = 1; id <= 40; id += 1) report(String(id), 'EXECUTING');
  assert.equal(held.length, 16);
  await finish(DELIVERED);
  await until(() => held.length === 16, 'the next one');
});

test('A20: while the cloud is away nothing is lost, and that is said once', async (t) => {
  const { outbox, sent, log, finish, report } = outboxOf(t);
  report('1', 'EXECUTING');
  for (let tries = 0; tries < 5; tries += 1) await finish(retry(true));
  report('2', 'FAILED');
  await finish(DELIVERED);
  await finish(DELIVERED);
  await until(() => outbox.size === 0, 'an empty outbox');
  assert.equal(sent.filter((one) => one === '1 EXECUTING').length, 6);
  assert.deepEqual(
    log.lines.map(({ message }) => message),
    ['statuses do not reach the cloud', 'the cloud has every status again'],
  );
});

test('A21: what the cloud does not take is dropped, and what follows is still sent', async (t) => {
  const { outbox, sent, finish, report } = outboxOf(t);
  report('1', 'EXECUTING');
  report('1', 'FAILED');
  await finish({ kind: 'dropped', why: '404' });
  await finish({ kind: 'dropped', why: '404' });
  await until(() => outbox.size === 0, 'an empty outbox');
  assert.deepEqual(sent, ['1 EXECUTING', '1 FAILED']);
});

test('nothing follows a final status, neither queued nor delivered', async (t) => {
  const { outbox, sent, finish, report } = outboxOf(t);
  report('1', 'FAILED');
  report('1', 'SUCCESSFUL');
  report('1', 'EXECUTING');
  await finish(DELIVERED);
  await until(() => outbox.size === 0, 'an empty outbox');
  report('1', 'SUCCESSFUL');
  assert.equal(outbox.size, 0);
  assert.deepEqual(sent, ['1 FAILED']);
});

test('the same final status goes again when it is reported again after its delivery', async (t) => {
  const { outbox, sent, finish, report } = outboxOf(t);
  report('1', 'FAILED');
  report('1', 'FAILED');
  await finish(DELIVERED);
  await until(() => outbox.size === 0, 'an empty outbox');
  report('1', 'FAILED');
  await finish(DELIVERED);
  await until(() => outbox.size === 0, 'an empty outbox');
  report('1', 'EXECUTING');
  assert.deepEqual(sent, ['1 FAILED', '1 FAILED']);
});

test('it holds so many operations and no more', (t) => {
  const { outbox, log, report } = outboxOf(t);
  for (let id = 0; id <= MAX_OUTBOX_OPERATIONS; id += 1) report(String(id), 'EXECUTING');
  assert.equal(outbox.size, MAX_OUTBOX_OPERATIONS);
  assert.equal(log.lines.filter(({ level }) => level === 'error').length, 1);
  report('0', 'FAILED');
  assert.equal(outbox.size, MAX_OUTBOX_OPERATIONS);
});

test('flush does not wait for back-off, and resolves when all is delivered', async (t) => {
  const slow = { ...FAST.backoff, baseMs: 1e6, capMs: 1e6 };
  for (const everything of [true, false]) {
    const { outbox, finish, report } = outboxOf(t, slow);
    report('1', 'FAILED');
    await finish(retry(everything));
    await until(() => outbox.size === 1, 'the status kept');
    await new Promise((resolve) => setImmediate(resolve));
    const flushed = outbox.flush(10_000);
    await finish(DELIVERED);
    await flushed;
    assert.equal(outbox.size, 0);
  }
});

test('when the link is back statuses go at once, unless the cloud asked to wait', async (t) => {
  const slow = { ...FAST.backoff, baseMs: 1e6, capMs: 1e6 };
  const { outbox, held, finish, report } = outboxOf(t, slow);
  report('1', 'FAILED');
  await finish({ ...retry(true), pace: { kind: 'after', ms: 1e6 } } as Delivery);
  await new Promise((resolve) => setImmediate(resolve));
  outbox.retryNow();
  assert.equal(held.length, 0);
  const other = outboxOf(t, slow);
  other.report('1', 'FAILED');
  await other.finish(retry(true));
  await new Promise((resolve) => setImmediate(resolve));
  other.outbox.retryNow();
  assert.equal(other.held.length, 1);
});

test('flush gives up at its deadline, and at once when stopped', async (t) => {
  const { outbox, report } = outboxOf(t);
  report('1', 'FAILED');
  await outbox.flush(5);
  assert.equal(outbox.size, 1);
  const flushed = outbox.flush(1e6);
  outbox.stop();
  await flushed;
  report('2', 'FAILED');
  assert.equal(outbox.size, 0);
});
