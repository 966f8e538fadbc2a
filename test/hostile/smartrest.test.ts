import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutToBytes, MAX_FAILURE_REASON_BYTES } from '../../contract/failure.js';
import { parseRecords } from '../../simulator/mqtt/csv.js';
import { errorLines } from '../../src/cloud/mqtt-errors.js';
import { statusTopic } from '../../src/cloud/mqtt-status.js';
import { parseNotification } from '../../src/cloud/operation.js';
import { createDevice, statusLine } from '../../src/cloud/smartrest.js';
import { operationCases } from '../helpers/operation-cases.js';
import { bytesOf, surface, textOf, type Case, type Written } from './cases.js';

interface SmartRestCase extends Case {
  readonly payload?: Written;
  readonly reason?: Written;
  readonly name?: Written;
  readonly field?: Written;
  readonly externalId?: string;
  readonly topic?: string | null;
  readonly errorPayload?: Written;
  readonly lines?: readonly string[];
}

/** What `line` is to a reader that is not ours: exactly one record. */
function recordOf(line: string): string[] {
  assert.doesNotMatch(line, /[\p{Cc}\u2028\u2029]/u);
  const records = parseRecords(line);
  assert.equal(records.length, 1, line);
  return records[0] ?? assert.fail();
}

function check(one: SmartRestCase): void {
  if (one.payload !== undefined) {
    for (const { kind } of parseNotification(bytesOf(one.payload))) assert.equal(kind, 'ignored');
  } else if (one.reason !== undefined) {
    // A text of JSON may have half a surrogate pair, which no bytes have.
    const reason = typeof one.reason === 'string' ? one.reason : textOf(one.reason);
    const failureReason = cutToBytes(reason, MAX_FAILURE_REASON_BYTES);
    const line = statusLine({ operationId: '90017', deviceId: '1', status: 'FAILED', failureReason });
    assert.deepEqual(recordOf(line), ['505', '90017', textOf(one.field ?? '')]);
  } else if (one.name !== undefined) {
    assert.deepEqual(recordOf(createDevice(textOf(one.name))), [
      '100',
      textOf(one.field ?? ''),
      'c8y_MQTTDevice',
    ]);
  } else if (one.errorPayload !== undefined) {
    assert.deepEqual(errorLines(bytesOf(one.errorPayload)), one.lines);
  } else {
    const device = { externalId: one.externalId ?? '', child: {} };
    assert.equal(statusTopic(device) ?? null, one.topic);
  }
}

for (const one of surface<SmartRestCase>('smartrest').cases) {
  test(`${one.id} stays what it is`, () => check(one));
}

test('no host, port or key of the operation lists starts anything when it comes as SmartREST', () => {
  let lines = 0;
  for (const { value } of operationCases()) {
    const fragment = value?.c8y_RemoteAccessConnect;
    if (typeof fragment !== 'object' || fragment === null) continue;
    const { hostname, port, connectionKey } = fragment as Record<string, unknown>;
    const fields = [hostname, port, connectionKey].map((field) =>
      typeof field === 'string' ? field : JSON.stringify(field),
    );
    for (const line of [`530,gw-7,${fields.join(',')}`, `530,"gw-7","${fields.join('","')}"`]) {
      lines += 1;
      for (const { kind } of parseNotification(Buffer.from(line))) assert.equal(kind, 'ignored');
    }
  }
  assert.ok(lines > 500, `${lines} lines`);
});
