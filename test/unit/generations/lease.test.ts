import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lease } from '../../../src/generations/lease.js';

function rig() {
  let nowMs = 0;
  const questions: ((inCharge: boolean) => void)[] = [];
  const lease = new Lease({
    ask: () => new Promise<boolean>((resolve) => questions.push(resolve)),
    now: () => nowMs,
  });
  return {
    lease,
    questions,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test('nothing may be claimed before control is taken, and after it was given up', async (t) => {
  const { lease } = rig();
  t.after(() => lease.stop());
  assert.equal(lease.isCertain(), false);
  assert.equal(await lease.isHeld(), false);
  lease.set(true);
  assert.equal(lease.isCertain(), true);
  assert.equal(await lease.isHeld(), true);
  lease.set(false);
  assert.equal(lease.isCertain(), false);
  assert.equal(await lease.isHeld(), false);
});

test('a process that moves is certain; one that stood still asks, once for all who wait', async (t) => {
  const { lease, questions, pass } = rig();
  t.after(() => lease.stop());
  lease.set(true);
  pass(1_000);
  assert.equal(lease.isCertain(), true);
  pass(1_001);
  assert.equal(lease.isCertain(), false);
  const waiting = Promise.all([lease.isHeld(), lease.isHeld()]);
  assert.equal(questions.length, 1);
  questions[0]?.(true);
  assert.deepEqual(await waiting, [true, true]);
  assert.equal(lease.isCertain(), true);
});

test('one that is told that it is not in charge any more claims nothing until it takes over again', async (t) => {
  const { lease, questions, pass } = rig();
  t.after(() => lease.stop());
  lease.set(true);
  pass(5_000);
  const waiting = lease.isHeld();
  questions[0]?.(false);
  assert.equal(await waiting, false);
  assert.equal(lease.isCertain(), false);
  lease.set(true);
  assert.equal(await lease.isHeld(), true);
});

test('a release that comes before the answer counts', async (t) => {
  const { lease, questions, pass } = rig();
  t.after(() => lease.stop());
  lease.set(true);
  pass(5_000);
  const waiting = lease.isHeld();
  lease.set(false);
  questions[0]?.(true);
  assert.equal(await waiting, false);
});
