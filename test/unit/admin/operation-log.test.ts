import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_LOGGED_OPERATIONS, OperationLog } from '../../../src/admin/activity/operation-log.js';
import type { OperationView } from '../../../src/admin/backend.js';

const START = Date.parse('2030-01-02T03:04:05Z');
const ABOUT = { operationId: '1', deviceId: '9', host: '10.0.5.7', port: 5900 };
const SESSION = { ...ABOUT, conduit: 'hmis', sessionId: 'abc' };
const END = { reason: 'admin', detail: 'an operator closed it', uplinkBytes: 7, downlinkBytes: 8 } as const;

function logAt(generation = 1) {
  const clock = { nowMs: START };
  const changes: OperationView[] = [];
  const log = new OperationLog(
    generation,
    () => clock.nowMs,
    (entry) => changes.push(entry),
  );
  return { log, clock, changes };
}

test('an operation that opens and ends is one entry with all that is known', () => {
  const { log, clock, changes } = logAt();
  log.connecting(SESSION);
  log.opened(SESSION);
  clock.nowMs += 60_000;
  log.ended(SESSION, END);
  assert.deepEqual(
    changes.map(({ outcome }) => outcome),
    ['connecting', 'open', 'ended'],
  );
  assert.deepEqual(log.list(), [
    {
      ...SESSION,
      outcome: 'ended',
      code: null,
      reason: 'an operator closed it',
      endReason: 'admin',
      startedAt: '2030-01-02T03:04:05.000Z',
      endedAt: '2030-01-02T03:05:05.000Z',
      uplinkBytes: 7,
      downlinkBytes: 8,
      generation: 1,
    },
  ]);
});

test('what was never dialled is refused, what did not come up has failed, and both are counted by code', () => {
  const { log, clock } = logAt();
  log.refused(ABOUT, 'policy-denied', 'no conduit');
  log.connecting({ ...SESSION, operationId: '2' });
  log.failed({ ...SESSION, operationId: '2' }, 'target-refused', 'nothing listens');
  clock.nowMs += 1_000;
  log.refused({ operationId: '3', deviceId: '9' }, 'policy-denied', 'no conduit');
  assert.deepEqual(
    log.list().map(({ operationId, outcome, host }) => [operationId, outcome, host]),
    [
      ['3', 'refused', null],
      ['2', 'failed', '10.0.5.7'],
      ['1', 'refused', '10.0.5.7'],
    ],
  );
  assert.deepEqual(log.refusals(), [
    { code: 'policy-denied', count: 2, lastAt: '2030-01-02T03:04:06.000Z' },
    { code: 'target-refused', count: 1, lastAt: '2030-01-02T03:04:05.000Z' },
  ]);
});

test('what somebody on site did not let in waited, and is refused', () => {
  const { log, changes } = logAt();
  log.waiting(SESSION);
  log.refused(SESSION, 'approval-denied', 'Ann said no');
  assert.deepEqual(
    changes.map(({ outcome, code }) => [outcome, code]),
    [
      ['waiting', null],
      ['refused', 'approval-denied'],
    ],
  );
});

test('a session that is told of again after its operation was forgotten began when it began', () => {
  const { log, clock } = logAt();
  const about = { ...SESSION, sinceMs: START };
  log.connecting(about);
  log.opened(about);
  for (let id = 0; id < MAX_LOGGED_OPERATIONS; id += 1)
    log.refused({ ...ABOUT, operationId: `r${id}` }, 'policy-denied', 'no conduit');
  clock.nowMs += 18_000;
  log.ended(about, END);
  const [{ outcome, startedAt, endedAt } = {}] = log.list();
  assert.deepEqual(
    [outcome, startedAt, endedAt],
    ['ended', '2030-01-02T03:04:05.000Z', '2030-01-02T03:04:23.000Z'],
  );
  log.failed({ ...about, operationId: 'dialled' }, 'target-timeout', 'no answer');
  assert.equal(log.list()[0]?.outcome, 'failed');
});

test('a reason is one line and short, whatever it was made of', () => {
  const { log } = logAt();
  log.failed(ABOUT, 'target-unresolved', `a\u0000b\nc\u2028d${'x'.repeat(1_000)}`);
  const [{ reason } = { reason: '' }] = log.list();
  assert.match(reason ?? '', /^a b c dx{493}$/);
});

test('the oldest operations are forgotten, their refusals stay counted', () => {
  const { log } = logAt();
  for (let id = 0; id < MAX_LOGGED_OPERATIONS + 5; id += 1)
    log.refused({ ...ABOUT, operationId: String(id) }, 'policy-denied', 'no conduit');
  assert.equal(log.list().length, MAX_LOGGED_OPERATIONS);
  assert.equal(log.list().at(-1)?.operationId, '5');
  assert.equal(log.refusals()[0]?.count, MAX_LOGGED_OPERATIONS + 5);
});

test('the next generation has what the one before had, and goes on being told', () => {
  const before = logAt(1);
  before.log.refused({ ...ABOUT, operationId: '0' }, 'policy-denied', 'no conduit');
  before.log.connecting(SESSION);
  const { log } = logAt(2);
  log.seed(before.log.list(), before.log.refusals());
  before.log.failed(SESSION, 'target-timeout', 'no answer');
  const news = before.changes.at(-1);
  assert.ok(news !== undefined);
  log.adopt(news);
  log.adopt(news);
  assert.deepEqual(log.list(), before.log.list());
  assert.deepEqual(log.refusals(), before.log.refusals());
});

test('what a generation had not finished is over when it is gone', () => {
  const { log } = logAt(2);
  const elder = logAt(1);
  elder.log.connecting(SESSION);
  elder.log.connecting({ ...SESSION, operationId: '2' });
  elder.log.opened({ ...SESSION, operationId: '2' });
  elder.log.waiting({ ...SESSION, operationId: '4' });
  log.seed(elder.log.list(), []);
  log.connecting({ ...SESSION, operationId: '3' });
  log.generationEnded(1);
  assert.deepEqual(
    log.list().map(({ operationId, outcome, code, endReason }) => [operationId, outcome, code, endReason]),
    [
      ['3', 'connecting', null, null],
      ['4', 'refused', 'agent-restarted', null],
      ['2', 'ended', null, null],
      ['1', 'failed', 'agent-restarted', null],
    ],
  );
});
