import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { cutToBytes, MAX_FAILURE_REASON_BYTES } from '../../../contract/failure.js';
import { parseRecords } from '../../../simulator/mqtt/csv.js';
import { errorLines } from '../../../src/cloud/mqtt-errors.js';
import { createDevice, statusLine } from '../../../src/cloud/smartrest.js';
import { surface, bytesOf, type Case, type Written } from '../../hostile/cases.js';
import type { FuzzTarget } from '../target.js';

interface Texts extends Case {
  readonly reason?: Written;
  readonly name?: Written;
  readonly payload?: Written;
  readonly errorPayload?: Written;
}

export const smartrest: FuzzTarget = {
  name: 'smartrest',
  holds:
    'what goes out is one line with its fields, and what comes in on the error topic is short printable lines',
  seeds: () =>
    surface<Texts>('smartrest').cases.flatMap(({ reason, name, payload, errorPayload }) => {
      const written = reason ?? name ?? payload ?? errorPayload;
      return written === undefined ? [] : [bytesOf(written)];
    }),
  dictionary: ['"', '\\"', '""', ',', '\n', '\r', '505,', '\u2028', '\u0085', ' "', '\\'],
  structured: fc
    .string({ unit: fc.constantFrom('"', '\\', ',', ' ', '\n', 'a', '\u2028', '\u{1f600}'), maxLength: 20 })
    .map((text) => Buffer.from(text)),
  check: (input) => {
    const text = cutToBytes(input.toString('utf8'), MAX_FAILURE_REASON_BYTES);
    const line = statusLine({ operationId: '90017', deviceId: '1', status: 'FAILED', failureReason: text });
    const [id, operationId, field = '', ...more] = onlyRecord(line);
    assert.deepEqual([id, operationId, more], ['505', '90017', []]);
    const clean = text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
    // Backslashes before a quote may have become slashes; nothing else changes.
    assert.equal(field.replaceAll('\\', '/'), clean.replaceAll('\\', '/'));
    assert.equal(onlyRecord(createDevice(text)).length, 3);
    const lines = errorLines(input);
    assert.ok(lines.length <= 20);
    for (const one of lines) assert.match(one, /^[ -~]{1,160}$/);
  },
};

function onlyRecord(line: string): string[] {
  assert.doesNotMatch(line, /[\p{Cc}\u2028\u2029]/u);
  const records = parseRecords(line);
  assert.equal(records.length, 1);
  return records[0] ?? [];
}
