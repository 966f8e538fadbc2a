import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '../../../src/journal/crc32c.js';
import { readContent } from '../../../src/journal/file-content.js';
import { encodeRecord, JOURNAL_FORMAT, type OperationRecord } from '../../../src/journal/record.js';

const RECORDS: readonly OperationRecord[] = [
  { type: 'claimed', id: '17', device: '4', key: 'h8Zr', at: 1_000 },
  { type: 'claimed', id: '18', device: '4', key: 'p0-_', at: 1_001 },
  { type: 'final', id: '17', device: '4', status: 'SUCCESSFUL', at: 1_002 },
  { type: 'acked', id: '17', at: 1_003 },
  { type: 'final', id: '18', device: '4', status: 'FAILED', reason: 'target-refused: “nö”', at: 1_004 },
];

function fileOf(records: readonly OperationRecord[], format = JOURNAL_FORMAT): Buffer {
  const header = encodeRecord(0, { type: 'header', format, generation: 3, at: 999 });
  return Buffer.from(header + records.map((record, index) => encodeRecord(index + 1, record)).join(''));
}

/** How many records the file gives back; fails unless they are the first ones that were written. */
function prefixOf(bytes: Buffer): number | 'damaged' {
  const content = readContent(bytes);
  if (content.kind === 'damaged') return 'damaged';
  assert.equal(content.kind, 'whole');
  assert.deepEqual(content.records, RECORDS.slice(0, content.records.length));
  return content.records.length;
}

test('the checksum is CRC-32C', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(Buffer.alloc(0)), 0);
});

test('what was written is read back', () => {
  const content = readContent(fileOf(RECORDS));
  assert.equal(content.kind, 'whole');
  assert.deepEqual(content.records, RECORDS);
  assert.equal(content.header.generation, 3);
  assert.deepEqual(readContent(Buffer.alloc(0)), { kind: 'empty' });
});

test('C15: a file that ends at any byte gives its whole records', () => {
  const bytes = fileOf(RECORDS);
  const headerBytes = fileOf([]).length;
  let most = 0;
  for (let length = 1; length < bytes.length; length += 1) {
    const found = prefixOf(bytes.subarray(0, length));
    if (length < headerBytes) {
      assert.equal(found, 'damaged');
      continue;
    }
    const whole = bytes.subarray(headerBytes, length).filter((byte) => byte === 0x0a).length;
    assert.equal(found, whole, `cut at ${length}`);
    most = Math.max(most, whole);
  }
  assert.equal(most, RECORDS.length - 1);
});

test('C15: with any bit flipped a file is damaged, or lacks what nothing whole stands behind; it never says anything else', () => {
  const bytes = fileOf(RECORDS);
  const lastRecordAt = fileOf(RECORDS.slice(0, -1)).length;
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    const at = bit >> 3;
    flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (bit & 7)), at);
    const expected = at < lastRecordAt - 1 ? 'damaged' : RECORDS.length - (at < lastRecordAt ? 2 : 1);
    // The line feed before the last record makes one of the last two.
    assert.equal(prefixOf(flipped), expected, `bit ${bit}`);
  }
});

test('C15: a record that is missing, doubled or from another place is damage', () => {
  const lines = fileOf(RECORDS)
    .toString()
    .split(/(?<=\n)/);
  const [header = '', first = '', second = '', ...rest] = lines;
  for (const wrong of [
    [header, second, ...rest],
    [header, first, first, second, ...rest],
    [header, second, first, ...rest],
    [first, second, ...rest],
  ]) {
    assert.equal(readContent(Buffer.from(wrong.join(''))).kind, 'damaged');
  }
});

test('C15: garbage behind the last record is its torn end', () => {
  for (const garbage of ['\0'.repeat(4_096), 'x', '\n\n\n', '00000000 6 {}\n']) {
    assert.equal(prefixOf(Buffer.concat([fileOf(RECORDS), Buffer.from(garbage)])), RECORDS.length);
  }
});

test('C15: a file of a newer version is told from a damaged one', () => {
  assert.deepEqual(readContent(fileOf(RECORDS, JOURNAL_FORMAT + 1)), {
    kind: 'newer',
    format: JOURNAL_FORMAT + 1,
  });
});

test('a record with a checksum that is right and content that is not ours is damage', () => {
  const strange = encodeRecord(1, { type: 'claimed', id: '../x', device: '4', at: 1 });
  const next = encodeRecord(2, { type: 'acked', id: '17', at: 1 });
  assert.equal(readContent(Buffer.concat([fileOf([]), Buffer.from(strange + next)])).kind, 'damaged');
});
