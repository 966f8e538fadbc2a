import assert from 'node:assert/strict';
import { test } from 'node:test';
import { share, shortage } from '../../../src/resources/sample.js';
import { toShed } from '../../../src/resources/shedding.js';

const MIB = 1_048_576;

test('an agent with enough of everything is short of nothing, nor is one that can watch nothing', () => {
  assert.equal(shortage({}), undefined);
  assert.equal(
    shortage({
      memory: { used: 84 * MIB, limit: 100 * MIB },
      descriptors: { used: 934, limit: 1_000 },
      'kernel-memory': { used: 79, limit: 100 },
      ports: { used: 94, limit: 100 },
    }),
    undefined,
  );
});

test('each resource refuses from its limit on, with its numbers', () => {
  const sentences = [
    shortage({ memory: { used: 85 * MIB, limit: 100 * MIB } }),
    shortage({ descriptors: { used: 935, limit: 1_000 } }),
    shortage({ 'kernel-memory': { used: 80 * MIB, limit: 100 * MIB } }),
    shortage({ ports: { used: 95, limit: 100 } }),
  ];
  assert.deepEqual(
    sentences.map((sentence) => sentence?.split(',')[0]),
    [
      'memory: 85 of 100 MiB are in use',
      'file descriptors: 935 of 1000 are in use',
      'kernel memory for TCP: 80 of 100 MiB are in use',
      'local ports: about 95 of 100 are in use',
    ],
  );
});

test('what is not limited is never short', () => {
  assert.equal(shortage({ memory: { used: MIB, limit: 0 } }), undefined);
  assert.equal(shortage({ descriptors: { used: 1_000_000, limit: Infinity } }), undefined);
  assert.equal(share({ used: 5, limit: 0 }), 0);
});

test('the sessions that hold most end first, and only as many as are needed', () => {
  const weights = [10, 40, 20, 30].map((mib) => ({ sessionId: `s${mib}`, heldBytes: mib * MIB }));
  const ended = (used: number): string[] =>
    toShed({ used: used * MIB, limit: 1_000 * MIB }, weights).map(({ sessionId }) => sessionId);
  assert.deepEqual(ended(950), []);
  assert.deepEqual(ended(951), ['s40']);
  assert.deepEqual(ended(990), ['s40']);
  assert.deepEqual(ended(991), ['s40', 's30']);
  assert.deepEqual(ended(2_000), ['s40', 's30', 's20', 's10']);
});

test('few end at a time, and none that holds next to nothing', () => {
  const memory = { used: 1_000 * MIB, limit: 1_000 * MIB };
  const weights = Array.from({ length: 50 }, (_, index) => ({ sessionId: `s${index}`, heldBytes: 65_536 }));
  assert.equal(toShed(memory, weights).length, 8);
  assert.deepEqual(toShed(memory, [{ sessionId: 'quiet', heldBytes: 4_096 }]), []);
  assert.deepEqual(toShed({ used: 5, limit: 0 }, weights), []);
  assert.deepEqual(toShed(undefined, weights), []);
});
