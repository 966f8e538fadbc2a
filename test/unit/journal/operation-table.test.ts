import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REMEMBERED_MS } from '../../../contract/limits.js';
import { OperationTable } from '../../../src/journal/operation-table.js';
import type { OperationRecord } from '../../../src/journal/record.js';

const claimed = (id: string, at = 1): OperationRecord => ({
  type: 'claimed',
  id,
  device: '4',
  key: `k${id}`,
  at,
});
const final = (id: string, status: 'SUCCESSFUL' | 'FAILED', at = 2): OperationRecord => ({
  type: 'final',
  id,
  device: '4',
  status,
  at,
});
const acked = (id: string, at = 3): OperationRecord => ({ type: 'acked', id, at });

function tableOf(records: Iterable<OperationRecord>, maxSettled?: number): OperationTable {
  const table = new OperationTable(maxSettled);
  for (const record of records) table.apply(record);
  return table;
}

test('an operation moves from claimed over final to acked', () => {
  const table = tableOf([claimed('1')]);
  assert.equal(table.get('1')?.final, undefined);
  table.apply(final('1', 'SUCCESSFUL'));
  assert.deepEqual(table.get('1')?.final, { operationId: '1', deviceId: '4', status: 'SUCCESSFUL' });
  assert.equal(table.unsettled, 1);
  table.apply(acked('1'));
  assert.equal(table.unsettled, 0);
  assert.equal(table.get('1')?.keyHash, 'k1');
});

test('the first final status stands, whatever is applied after it', () => {
  const table = tableOf([claimed('1'), final('1', 'SUCCESSFUL'), final('1', 'FAILED'), claimed('1')]);
  assert.equal(table.get('1')?.final?.status, 'SUCCESSFUL');
  table.apply(acked('1'));
  table.apply(final('1', 'FAILED'));
  assert.equal(table.get('1')?.final?.status, 'SUCCESSFUL');
  assert.equal(table.isSettled('1'), true);
});

test('the records of a table make the same table', () => {
  const records = [claimed('1'), claimed('2'), final('2', 'FAILED'), final('3', 'FAILED'), acked('3')];
  const table = tableOf(records);
  const again = tableOf(table.records());
  assert.deepEqual([...again.operations()], [...table.operations()]);
  assert.deepEqual(again.open(), table.open());
  // Applied once more, from a file that was folded already, they change nothing.
  for (const record of table.records()) again.apply(record);
  assert.deepEqual([...again.operations()], [...table.operations()]);
});

test('what is done with is forgotten after a day, or when there is too much of it; what is not done with stays', () => {
  const table = tableOf([
    claimed('1'),
    final('2', 'FAILED'),
    acked('2', 10),
    final('3', 'FAILED'),
    acked('3', 20),
  ]);
  table.forget(10 + REMEMBERED_MS);
  assert.deepEqual(
    [...table.operations()].map(({ operationId }) => operationId),
    ['3', '1'],
  );
  const small = tableOf(
    [claimed('1'), ...['2', '3', '4'].flatMap((id) => [final(id, 'FAILED'), acked(id)])],
    2,
  );
  small.forget(3);
  assert.deepEqual(
    [...small.operations()].map(({ operationId }) => operationId),
    ['3', '4', '1'],
  );
});
