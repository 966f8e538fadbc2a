import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { ParsedOperation } from '../../../src/cloud/intake.js';
import { parseNotification, parseOperation } from '../../../src/cloud/operation.js';
import { MAX_FAILURE_REASON_BYTES, failureReason } from '../../../contract/failure.js';
import { exampleOperation, operationCases, type Expectation } from '../../helpers/operation-cases.js';

const FIELDS = ['hostname', 'port', 'connectionKey', 'c8y_RemoteAccessConnect'];

function check(parsed: ParsedOperation, expect: Expectation): void {
  assert.equal(parsed.kind, expect.kind, inspect(parsed));
  if (parsed.kind === 'connect') checkOperation(parsed, expect);
  if (parsed.kind === 'refused') checkSentence(parsed.sentence, expect.fields ?? []);
}

function checkOperation(parsed: ParsedOperation & { kind: 'connect' }, expect: Expectation): void {
  const { operation } = parsed;
  if (expect.id !== undefined) assert.equal(operation.id, expect.id);
  if (expect.deviceId !== undefined) assert.equal(operation.deviceId, expect.deviceId);
  if (expect.hostname !== undefined) assert.equal(operation.hostname, expect.hostname);
  if (expect.port !== undefined) assert.equal(operation.port, expect.port);
  if (expect.createdAt !== undefined) assert.equal(operation.createdAtMs ?? null, expect.createdAt);
}

function checkSentence(sentence: string, fields: readonly string[]): void {
  for (const field of FIELDS) {
    const isNamed = new RegExp(`(?:out: |; )${field}\\b|"${field}" twice`).test(sentence);
    assert.equal(isNamed, fields.includes(field), `${field} in: ${sentence}`);
  }
  assert.match(sentence, /^[ -~]+$/, 'the sentence is printable ASCII');
  assert.ok(Buffer.byteLength(failureReason('invalid-operation', sentence)) < MAX_FAILURE_REASON_BYTES);
}

for (const { group, name, value, message, expects } of operationCases()) {
  const what = expects.map(({ kind }) => kind).join(', ');
  test(`${group}: ${name}: ${what}`, () => {
    if (value !== undefined) check(parseOperation(value), expects[0] ?? assert.fail('nothing expected'));
    if (message === undefined) return;
    const parsed = parseNotification(message);
    assert.equal(parsed.length, expects.length, inspect(parsed));
    parsed.forEach((one, i) => check(one, expects[i] ?? assert.fail()));
  });
}

test('the data files hold the planned number of cases', () => {
  const counts: Record<string, number> = {};
  for (const { group } of operationCases()) counts[group] = (counts[group] ?? 0) + 1;
  assert.deepEqual(counts, {
    document: 60,
    prototype: 12,
    id: 18,
    'device-id': 10,
    status: 7,
    'creation-time': 9,
    fragment: 10,
    'port-accept': 8,
    'port-reject': 35,
    'hostname-accept': 12,
    // One more than planned: every kind of the list has its own case.
    'hostname-form': 47,
    'hostname-disguised': 28,
    'hostname-denied': 27,
    'key-accept': 5,
    'key-reject': 45,
    description: 8,
  });
});

test('ignores the example cut at any byte', () => {
  const bytes = Buffer.from(JSON.stringify(exampleOperation()));
  for (let length = 0; length < bytes.length; length++) {
    assert.deepEqual(
      parseNotification(bytes.subarray(0, length)).map(({ kind }) => kind),
      ['ignored'],
      `cut after ${length} bytes`,
    );
  }
});

test('ignores the rest of a message of too many documents', () => {
  const parsed = parseNotification(Buffer.from('0\n'.repeat(10_000)));
  assert.equal(parsed.length, 4_097);
  assert.deepEqual(parsed.at(-1), {
    kind: 'ignored',
    why: 'more than 4096 documents in one message',
    isUnusable: true,
  });
});

test('ignores a document that names two ids, devices or statuses', () => {
  const text = JSON.stringify(exampleOperation());
  for (const member of ['id', 'deviceId', 'status']) {
    const value = JSON.stringify(exampleOperation()[member]);
    const [parsed] = parseNotification(Buffer.from(text.replace('{', `{"${member}":${value},`)));
    assert.deepEqual(parsed, {
      kind: 'ignored',
      why: `the document has the member "${member}" twice`,
      isUnusable: true,
    });
  }
});

test('reads own members only', () => {
  assert.equal(parseOperation(Object.create(exampleOperation())).kind, 'ignored');
});

test('never says the connection key, good or bad', () => {
  for (const key of ['canary-0123456789', 'canary/0123456789', 'canary'.repeat(30)]) {
    for (const port of [22, 0]) {
      const fragment = { hostname: 'plc-1', port, connectionKey: key };
      const document = { ...exampleOperation(), c8y_RemoteAccessConnect: fragment };
      const value = parseOperation(document);
      const broken = parseNotification(Buffer.from(JSON.stringify(document).slice(0, -1) + 'x'));
      const twice = parseNotification(Buffer.from(JSON.stringify(document).replace('{', '{"a":1,"a":2,')));
      assert.deepEqual([broken[0]?.kind, twice[0]?.kind], ['ignored', 'refused']);
      for (const parsed of [value, ...broken, ...twice]) {
        assert.ok(
          !(inspect(parsed, { depth: 9, showHidden: true }) + JSON.stringify(parsed)).includes('canary'),
        );
      }
    }
  }
});

test('reveals the key where it is asked for', () => {
  const parsed = parseOperation(exampleOperation());
  assert.ok(parsed.kind === 'connect');
  assert.equal(parsed.operation.connectionKey.reveal(), '0b8f3a52-6f0e-4f0c-9a35-5d3c1e7f9b10');
});

test('names each bad field with its value and what is allowed', () => {
  const parsed = parseOperation({
    ...exampleOperation(),
    c8y_RemoteAccessConnect: { hostname: 'a\u202eb "x"', port: '022', connectionKey: 'secret' },
  });
  assert.deepEqual(parsed, {
    kind: 'refused',
    id: '90017',
    deviceId: '40511',
    sentence:
      'The operation cannot be carried out: hostname "a\\u{202e}b \\"x\\"" holds a blank or control character; ' +
      'port "022" is not a whole number from 1 to 65535; connectionKey has 6 characters; 8 to 128 are allowed.',
    askedBy: { description: "Opening remote access tunnel to 'plc-web'" },
  });
});
