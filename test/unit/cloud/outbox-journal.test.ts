import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Backoff } from '../../../src/cloud/backoff.js';
import type { StatusUpdate } from '../../../src/cloud/intake.js';
import { StatusOutbox, type StatusOutboxOptions } from '../../../src/cloud/status-outbox.js';
import { FAST, memoryLog, until } from './fixtures.js';

const successful = (operationId: string): StatusUpdate => ({
  operationId,
  deviceId: '1',
  status: 'SUCCESSFUL',
});
const executing = (operationId: string): StatusUpdate => ({
  ...successful(operationId),
  status: 'EXECUTING',
});

/** An outbox with a journal that takes a final status when the test says so; all that happens, in order. */
function outboxOf(t: TestContext, options: Partial<StatusOutboxOptions> = {}) {
  const events: string[] = [];
  const writes: { readonly done: () => void; readonly fail: (error: Error) => void }[] = [];
  const outbox = new StatusOutbox({
    transport: {
      send: ({ operationId, status }) => {
        events.push(`sent ${operationId} ${status}`);
        return Promise.resolve({ kind: 'delivered' });
      },
    },
    journal: {
      settle: ({ operationId }) =>
        new Promise((resolve, reject) => {
          events.push(`journal ${operationId}`);
          writes.push({ done: resolve, fail: reject });
        }),
      acked: (operationId) => void events.push(`acked ${operationId}`),
    },
    backoff: new Backoff(FAST.backoff, () => performance.now()),
    timing: FAST.backoff,
    monotonic: () => performance.now(),
    log: memoryLog(),
    ...options,
  });
  t.after(() => outbox.stop());
  const empty = () => until(() => outbox.size === 0, 'an empty outbox');
  return { outbox, events, writes, empty };
}

test('a final status is sent when it is in the journal, and acked when the cloud has it', async (t) => {
  const { outbox, events, writes, empty } = outboxOf(t);
  outbox.report(executing('1'));
  outbox.report(successful('1'));
  await until(() => events.includes('sent 1 EXECUTING'), 'EXECUTING');
  // Another operation is not held up by a write that is under way.
  outbox.report(executing('2'));
  await until(() => events.includes('sent 2 EXECUTING'), 'the other one');
  assert.equal(events.includes('sent 1 SUCCESSFUL'), false);
  writes[0]?.done();
  await empty();
  assert.deepEqual(events, [
    'sent 1 EXECUTING',
    'journal 1',
    'sent 2 EXECUTING',
    'sent 1 SUCCESSFUL',
    'acked 1',
  ]);
});

test('L02: a final status that the journal does not take is sent all the same', async (t) => {
  const { outbox, events, writes, empty } = outboxOf(t);
  outbox.report(successful('1'));
  writes[0]?.fail(new Error('ENOSPC'));
  await empty();
  assert.deepEqual(events, ['journal 1', 'sent 1 SUCCESSFUL', 'acked 1']);
});

test('C13: of what an earlier run may have sent the cloud is asked first', async (t) => {
  const known = new Set(['1']);
  const { outbox, events, writes, empty } = outboxOf(t, {
    look: (operationId) => {
      const kind = known.has(operationId) ? 'delivered' : 'absent';
      return Promise.resolve({ kind });
    },
  });
  outbox.resume(successful('1'));
  outbox.resume(successful('2'));
  for (const { done } of writes) done();
  await empty();
  assert.deepEqual(events.slice(2).sort(), ['acked 1', 'acked 2', 'sent 2 SUCCESSFUL']);
});

test('a look that fails is tried again before anything is sent', async (t) => {
  let looks = 0;
  const { outbox, events, writes, empty } = outboxOf(t, {
    look: () => {
      looks += 1;
      if (looks > 1) return Promise.resolve({ kind: 'absent' });
      return Promise.resolve({ kind: 'retry', why: 'away', pace: { kind: 'normal' }, everything: false });
    },
  });
  outbox.resume(successful('1'));
  writes[0]?.done();
  await empty();
  assert.equal(looks, 2);
  assert.deepEqual(events, ['journal 1', 'sent 1 SUCCESSFUL', 'acked 1']);
});

test('C07: of an operation that somebody else has ended nothing more is told', async (t) => {
  const { outbox, events, writes, empty } = outboxOf(t);
  outbox.report(executing('1'));
  await empty();
  outbox.forgo('1');
  outbox.report({ ...successful('1'), status: 'FAILED', failureReason: 'cancelled: so' });
  writes[0]?.done();
  await until(() => events.includes('acked 1'), 'the end');
  assert.deepEqual(events, ['sent 1 EXECUTING', 'journal 1', 'acked 1']);
});
