import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { readContent } from '../../../src/journal/file-content.js';
import { OperationTable } from '../../../src/journal/operation-table.js';
import { encodeRecord, type OperationRecord } from '../../../src/journal/record.js';
import type { FuzzTarget } from '../target.js';

const ID = fc.constantFrom('1', '2', '90017');
const AT = fc.integer({ min: 0, max: 2_000 });
const RECORD: fc.Arbitrary<OperationRecord> = fc.oneof(
  fc.record({
    type: fc.constant('claimed' as const),
    id: ID,
    device: ID,
    key: fc.constantFrom('h1', 'h2'),
    at: AT,
  }),
  fc.record({
    type: fc.constant('final' as const),
    id: ID,
    device: ID,
    status: fc.constantFrom('SUCCESSFUL' as const, 'FAILED' as const),
    reason: fc.string({ unit: 'binary', maxLength: 10 }),
    at: AT,
  }),
  fc.record({ type: fc.constant('acked' as const), id: ID, at: AT }),
);

/** A file as it is written. */
function fileOf(records: readonly OperationRecord[]): Buffer {
  const header = encodeRecord(0, { type: 'header', format: 1, generation: 1, at: 0 });
  return Buffer.from(header + records.map((record, index) => encodeRecord(index + 1, record)).join(''));
}

const CLAIMED: OperationRecord = { type: 'claimed', id: '1', device: '2', key: 'h', at: 1 };
const FINAL: OperationRecord = { type: 'final', id: '1', device: '2', status: 'FAILED', reason: 'x', at: 2 };
const ACKED: OperationRecord = { type: 'acked', id: '1', at: 3 };

export const journal: FuzzTarget = {
  name: 'journal',
  holds: 'only records that were written are read, in order from the first, and an operation never goes back',
  seeds: () => [
    fileOf([]),
    fileOf([CLAIMED]),
    fileOf([CLAIMED, FINAL]),
    fileOf([CLAIMED, FINAL, ACKED]),
    fileOf([CLAIMED, FINAL]).subarray(0, -5),
  ],
  dictionary: ['\n', ' 1 {', '"type":"final"', '"type":"acked"', '"acked":true', '"format":2'],
  structured: fc
    .tuple(fc.array(RECORD, { maxLength: 12 }), fc.integer({ min: 0, max: 40 }))
    .map(([records, cut]) => {
      const file = fileOf(records);
      return file.subarray(0, Math.max(0, file.length - Math.max(0, cut - 20)));
    }),
  check: (input) => {
    const content = readContent(input);
    if (content.kind !== 'whole') return;
    // What is read is what the writer would write, so that nothing was made up: the input begins with just that.
    const good = encodedAgain(content.records, input);
    assert.ok(good, 'a record was read that nobody wrote');
    const table = new OperationTable();
    const rank = new Map<string, number>();
    for (const record of content.records) {
      table.apply(record);
      table.apply(record);
      const now = rankOf(table, record.id);
      assert.ok(now >= (rank.get(record.id) ?? 0), `operation ${record.id} went back`);
      rank.set(record.id, now);
    }
    const again = new OperationTable();
    for (const record of table.records()) again.apply(record);
    assert.deepEqual(
      new Set([...again.operations()].map(idAndFinal)),
      new Set([...table.operations()].map(idAndFinal)),
    );
  },
};

/** Every record stands in the input as a line with the right checksum and sequence. */
function encodedAgain(records: readonly OperationRecord[], input: Buffer): boolean {
  const lines = input.toString('latin1').split('\n');
  return records.every((_record, index) =>
    new RegExp(`^[0-9a-f]{8} ${index + 1} `).test(lines[index + 1] ?? ''),
  );
}

function rankOf(table: OperationTable, id: string): number {
  if (table.isSettled(id)) return 3;
  const known = table.get(id);
  if (known === undefined) return 0;
  return known.final === undefined ? 1 : 2;
}

function idAndFinal({ operationId, final }: { operationId: string; final: unknown }): string {
  return JSON.stringify([operationId, final]);
}
