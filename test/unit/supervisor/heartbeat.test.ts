import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heartbeat } from '../../../src/supervisor/heartbeat.js';

/** Looks `count` times, 100 ms apart, at a worker that does not beat; gives what the last look showed. */
function silence(heartbeat: Heartbeat, beats: number, count: number): string {
  let kind = '';
  for (let look = 0; look < count; look += 1) kind = heartbeat.look(beats, 100).kind;
  return kind;
}

test('a worker that beats is alive, also when looks and beats drift by an interval', () => {
  const heartbeat = new Heartbeat();
  for (const beats of [0, 1, 2, 2, 4, 4, 5])
    assert.deepEqual(heartbeat.look(beats, 100), { kind: 'beating' });
});

test('a worker that is silent for more than 1.5 s is to be ended, and not before', () => {
  const heartbeat = new Heartbeat();
  heartbeat.look(1, 100);
  assert.equal(silence(heartbeat, 1, 15), 'beating');
  assert.deepEqual(heartbeat.look(1, 100), { kind: 'stopped', stalledMs: 1_600 });
});

test('a worker that beats again tells for how long it did not', () => {
  const heartbeat = new Heartbeat();
  heartbeat.look(1, 100);
  silence(heartbeat, 1, 7);
  assert.deepEqual(heartbeat.look(2, 100), { kind: 'resumed', stalledMs: 600 });
  assert.deepEqual(heartbeat.look(3, 100), { kind: 'beating' });
});

test('time in which nobody looked is no silence of the worker', () => {
  const heartbeat = new Heartbeat();
  heartbeat.look(1, 100);
  assert.deepEqual(heartbeat.look(1, 60_000), { kind: 'beating' });
  assert.deepEqual(heartbeat.look(2, 100), { kind: 'resumed', stalledMs: 100 });
});

test('a worker that has never beaten gets the same time', () => {
  const heartbeat = new Heartbeat();
  assert.equal(silence(heartbeat, 0, 15), 'beating');
  assert.equal(silence(heartbeat, 0, 1), 'stopped');
});
