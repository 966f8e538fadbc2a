import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HandshakeGate } from '../../../../workers/dial/handshake-gate.js';

const late = (waitedMs: number): Error => new Error(`late after ${waitedMs}`);

/** Lets everything that can go on go on. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('as many as there is room for get in at once, the others in order as places come free', async () => {
  const gate = new HandshakeGate(2);
  const { signal } = new AbortController();
  const inside: number[] = [];
  const leave: (() => void)[] = [];
  for (let n = 0; n < 4; n += 1) {
    void gate.enter(late, signal).then((out) => {
      inside.push(n);
      leave.push(out);
    });
  }
  await settle();
  assert.deepEqual(inside, [0, 1]);
  leave[1]?.();
  await settle();
  assert.deepEqual(inside, [0, 1, 2]);
  leave[0]?.();
  await settle();
  assert.deepEqual(inside, [0, 1, 2, 3]);
});

test('places that were left while nobody waited are there for the next', async () => {
  const gate = new HandshakeGate(1);
  const { signal } = new AbortController();
  for (let n = 0; n < 3; n += 1) (await gate.enter(late, signal))();
  await gate.enter(late, signal);
});

test('who gives up waiting, or has waited too long, takes no place', async () => {
  const gate = new HandshakeGate(1, 20);
  const { signal } = new AbortController();
  const leave = await gate.enter(late, signal);
  const cancel = new AbortController();
  const cancelled = gate.enter(late, cancel.signal);
  cancel.abort(new Error('closed'));
  await assert.rejects(cancelled, /closed/);
  await assert.rejects(gate.enter(late, signal), /late after 20/);
  await assert.rejects(gate.enter(late, AbortSignal.abort(new Error('before'))), /before/);
  leave();
  (await gate.enter(late, signal))();
});
