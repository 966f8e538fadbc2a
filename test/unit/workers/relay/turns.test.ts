import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from '../../../../workers/relay/turns.js';

const loop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('those in line go on a few in each turn of the loop, first come first served', async () => {
  const turns = new Turns();
  const order: number[] = [];
  for (let i = 0; i < 20; i += 1) turns.inLine({ onTurn: () => order.push(i) });
  assert.deepEqual(order, []);
  const counts: number[] = [];
  while (order.length < 20) {
    await loop();
    counts.push(order.length);
  }
  assert.deepEqual(counts, [8, 16, 20]);
  assert.deepEqual(
    order,
    Array.from({ length: 20 }, (_, i) => i),
  );
});

test('what belongs to the end of this turn does not wait in line', async () => {
  const turns = new Turns();
  const order: string[] = [];
  for (let i = 0; i < 9; i += 1) turns.inLine({ onTurn: () => order.push('bulk') });
  turns.atEnd({ onTurn: () => order.push('end') });
  await loop();
  assert.deepEqual(order, ['end', ...Array<string>(8).fill('bulk')]);
});

test('whoever lines up again inside its turn comes behind the others', async () => {
  const turns = new Turns();
  const order: string[] = [];
  const greedy = {
    onTurn: (): void => {
      order.push('greedy');
      if (order.length < 4) turns.inLine(greedy);
    },
  };
  turns.inLine(greedy);
  turns.inLine({ onTurn: () => order.push('other') });
  for (let i = 0; i < 4; i += 1) await loop();
  assert.deepEqual(order, ['greedy', 'other', 'greedy', 'greedy']);
});
