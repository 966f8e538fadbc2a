import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDevice, csvField, statusLine } from '../../../src/cloud/smartrest.js';

const operation = { operationId: '90017', deviceId: '1' };

test('statuses go by operation id', () => {
  assert.equal(statusLine({ ...operation, status: 'EXECUTING' }), '504,90017');
  assert.equal(statusLine({ ...operation, status: 'SUCCESSFUL' }), '506,90017');
  assert.equal(
    statusLine({ ...operation, status: 'FAILED', failureReason: 'target-refused: 10.0.0.5:22 refused' }),
    '505,90017,target-refused: 10.0.0.5:22 refused',
  );
});

test('a reason can never become a second line', () => {
  const failureReason = 'x\n503,c8y_Restart\r\u0085\u2028y\0';
  const line = statusLine({ ...operation, status: 'FAILED', failureReason });
  assert.equal(line, '505,90017,"x 503,c8y_Restart y "');
});

const fields: [string, string][] = [
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['say "no"', '"say ""no"""'],
  [' lead', '" lead"'],
  ['trail ', '"trail "'],
  ['tab\there', 'tab here'],
  ['', ''],
  ['zwölf €', 'zwölf €'],
  ['cut \ud83d', 'cut \ufffd'],
];
for (const [text, field] of fields) {
  test(`the field ${JSON.stringify(text)} is written as ${field}`, () => assert.equal(csvField(text), field));
}

test('a device is announced with its name', () => {
  assert.equal(createDevice('Hall 3, line 2'), '100,"Hall 3, line 2",c8y_MQTTDevice');
});
