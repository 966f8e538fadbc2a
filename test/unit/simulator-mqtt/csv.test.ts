import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRecord, MAX_RECORDS, parseRecords } from '../../../simulator/mqtt/csv.js';

const cases: readonly (readonly [title: string, text: string, records: readonly (readonly string[])[]])[] = [
  ['reads one record', '100,gw-7,c8y_Gateway', [['100', 'gw-7', 'c8y_Gateway']]],
  ['keeps empty fields', '507,,gone', [['507', '', 'gone']]],
  ['keeps an empty last field', '505,1,', [['505', '1', '']]],
  ['reads several records', '500\n114,a,b\n', [['500'], ['114', 'a', 'b']]],
  ['takes carriage returns off', '500\r\n114,a\r\n', [['500'], ['114', 'a']]],
  ['leaves empty lines out', '\n\n500\n\n', [['500']]],
  ['keeps a line feed inside quotes', '505,1,"a\nb"\n500', [['505', '1', 'a\nb'], ['500']]],
  ['keeps a comma inside quotes', '505,1,"a,b"', [['505', '1', 'a,b']]],
  ['reads backslash quotes', '505,1,"say \\"no\\""', [['505', '1', 'say "no"']]],
  ['reads doubled quotes', '505,1,"say ""no"""', [['505', '1', 'say "no"']]],
  ['reads an empty quoted field', '505,1,""', [['505', '1', '']]],
  ['takes backslash n literally', '505,1,"a\\nb"', [['505', '1', 'a\\nb']]],
  ['takes quotes inside plain text literally', '505,1,5" pipe', [['505', '1', '5" pipe']]],
  ['keeps blanks of plain text', '505,1, a ', [['505', '1', ' a ']]],
  ['takes the rest when a quote never closes', '505,1,"a\nb', [['505', '1', 'a\nb']]],
  ['gives nothing for nothing', '', []],
];

for (const [title, text, records] of cases) {
  test(`the SmartREST reader ${title}`, () => assert.deepEqual(parseRecords(text), records));
}

test('what the writer writes the reader reads', () => {
  const fields = ['530', 'gw-7', 'a,b', 'say "no"', 'a\nb', ' blank ', '', 'tab\there', 'back\\slash'];
  assert.deepEqual(parseRecords(formatRecord(fields)), [fields]);
});

test('the SmartREST reader refuses a message of more lines than it takes', () => {
  assert.throws(() => parseRecords('500\n'.repeat(MAX_RECORDS + 1)), RangeError);
});
