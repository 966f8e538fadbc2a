import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DeliveryLine } from '../../../src/cloud/delivery.js';
import type { ParsedOperation } from '../../../src/cloud/intake.js';

const numbered = (from: number, count: number): ParsedOperation[] =>
  Array.from({ length: count }, (_, index) => ({ kind: 'ignored', why: String(from + index) }));

test('A25: operations of a message are handed over in order, a few in each turn', async () => {
  const seen: string[] = [];
  const done = () => seen.length === 35;
  const line = new DeliveryLine((parsed) => seen.push(parsed.kind === 'ignored' ? parsed.why : ''));
  assert.equal(line.push(numbered(0, 25)) + line.push(numbered(25, 10)), 0);
  assert.equal(seen.length, 0);
  const counts: number[] = [];
  while (!done() && counts.length < 100) {
    await nextTurn();
    counts.push(seen.length);
  }
  assert.ok(counts.length >= 4, `${counts.length} turns`);
  assert.deepEqual(
    seen,
    Array.from({ length: 35 }, (_, index) => String(index)),
  );
});

test('what is beyond the bound is left to the sweep', () => {
  const line = new DeliveryLine(() => undefined);
  assert.equal(line.push(numbered(0, 9_999)), 0);
  assert.equal(line.push(numbered(0, 4)), 3);
});
