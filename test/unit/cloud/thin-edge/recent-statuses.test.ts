import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusUpdate } from '../../../../src/cloud/intake.js';
import type { Delivery } from '../../../../src/cloud/status-transport.js';
import { RecentStatuses } from '../../../../src/cloud/thin-edge/recent-statuses.js';

const signal = new AbortController().signal;
const DELIVERED: Delivery = { kind: 'delivered' };
const RETRY: Delivery = { kind: 'retry', why: 'away', pace: { kind: 'normal' }, everything: true };

function scene() {
  const sent: string[] = [];
  const state = { nowMs: 0, answer: DELIVERED };
  const recent = new RecentStatuses(
    {
      send: ({ operationId, status }) => {
        sent.push(`${operationId} ${status}`);
        return Promise.resolve(state.answer);
      },
    },
    () => state.nowMs,
  );
  const send = (operationId: string, status: StatusUpdate['status'] = 'SUCCESSFUL') =>
    recent.send({ operationId, deviceId: '10', status }, signal);
  return { recent, sent, state, send };
}

test('only what the broker took in the last moments is repeated, and once', async () => {
  const { recent, sent, state, send } = scene();
  await send('1');
  state.nowMs = 100_000;
  await send('2', 'EXECUTING');
  await send('2');
  recent.onLost();
  sent.length = 0;
  await recent.repeat(signal);
  assert.deepEqual(sent, ['2 SUCCESSFUL']);
  await recent.repeat(signal);
  assert.equal(sent.length, 1);
});

test("nothing is repeated as long as no connection was lost, and what was not taken is the outbox's to send", async () => {
  const { recent, sent, state, send } = scene();
  await send('1');
  await recent.repeat(signal);
  state.answer = RETRY;
  await send('2');
  recent.onLost();
  sent.length = 0;
  state.answer = DELIVERED;
  await recent.repeat(signal);
  assert.deepEqual(sent, ['1 SUCCESSFUL']);
});

test('a repetition that fails is tried at the next connection, but not for ever', async () => {
  const { recent, sent, state, send } = scene();
  await send('1');
  recent.onLost();
  state.answer = RETRY;
  await recent.repeat(signal);
  // However long the broker is away.
  state.answer = DELIVERED;
  state.nowMs = 600_000;
  recent.onLost();
  await recent.repeat(signal);
  recent.onLost();
  await recent.repeat(signal);
  assert.deepEqual(sent, ['1 SUCCESSFUL', '1 SUCCESSFUL', '1 SUCCESSFUL']);
});

test('no more than a thousand are remembered, the newest', async () => {
  const { recent, sent, send } = scene();
  for (let id = 1; id <= 1_200; id += 1) await send(String(id));
  recent.onLost();
  sent.length = 0;
  await recent.repeat(signal);
  assert.equal(sent.length, 1_000);
  assert.equal(sent[0], '201 SUCCESSFUL');
});
