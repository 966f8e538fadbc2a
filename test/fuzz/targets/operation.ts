import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { CLOUD_ID, CONNECTION_KEY } from '../../../contract/limits.js';
import { normaliseHostname } from '../../../src/cloud/hostname.js';
import type { ParsedOperation } from '../../../src/cloud/intake.js';
import { RawDocument } from '../../../src/cloud/json-envelope.js';
import { parseNotification, parseOperation } from '../../../src/cloud/operation.js';
import { exampleOperation, operationCases } from '../../helpers/operation-cases.js';
import type { FuzzTarget } from '../target.js';

const FRAGMENT = 'c8y_RemoteAccessConnect';
const EXAMPLE = exampleOperation();

const FIELD = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom<unknown>('10.0.0.67', 22, '22', '0b8f3a52-6f0e-4f0c-9a35-5d3c1e7f9b10', 'PENDING', '90017'),
);

const MEMBERS = fc.dictionary(
  fc.constantFrom(
    'id',
    'deviceId',
    'status',
    'creationTime',
    '__proto__',
    'hostname',
    'port',
    'connectionKey',
    'x',
  ),
  FIELD,
  { noNullPrototype: true },
);

/** The example with some members replaced, at the top and in the fragment. */
const DOCUMENT = fc.tuple(MEMBERS, MEMBERS, fc.boolean()).map(([top, inner, isWhole]) => {
  const fragment = { ...(isWhole ? (EXAMPLE[FRAGMENT] as object) : {}), ...inner };
  return Buffer.from(JSON.stringify({ ...EXAMPLE, ...top, [FRAGMENT]: fragment }));
});

export const operation: FuzzTarget = {
  name: 'operation',
  holds: 'a document is refused, ignored, or means what JSON.parse reads',
  seeds: () =>
    operationCases().flatMap(({ message }) => (message === undefined ? [] : [message.subarray(0, 65_536)])),
  dictionary: [
    '"hostname"',
    '"port":',
    '"connectionKey"',
    '"id"',
    '"deviceId"',
    '"PENDING"',
    FRAGMENT,
    '__proto__',
    '\\u0000',
    '\n',
    '127.1',
    '::1',
    '../',
  ],
  structured: DOCUMENT,
  check: (input) => {
    const parsed = parseNotification(input);
    assert.ok(parsed.length >= 1);
    for (const one of parsed) checkOne(one);
    const alone = parseOperation(new RawDocument(input));
    checkOne(alone);
    if (alone.kind !== 'connect') return;
    const value = JSON.parse(input.toString()) as Record<string, unknown>;
    const fragment = value[FRAGMENT] as Record<string, unknown>;
    assert.equal(alone.operation.id, value.id);
    assert.equal(alone.operation.deviceId, value.deviceId);
    assert.equal(value.status, 'PENDING');
    assert.equal(alone.operation.connectionKey.reveal(), fragment.connectionKey);
    assert.equal(alone.operation.port, Number(fragment.port));
  },
};

function checkOne(parsed: ParsedOperation): void {
  if (parsed.kind === 'ignored') return assert.match(parsed.why, /^[ -~]{1,300}$/);
  if (parsed.kind === 'refused') {
    assert.match(parsed.id, CLOUD_ID);
    assert.match(parsed.deviceId, CLOUD_ID);
    return assert.match(parsed.sentence, /^[ -~]{1,450}$/);
  }
  const { id, deviceId, hostname, port, connectionKey, createdAtMs } = parsed.operation;
  assert.match(id, CLOUD_ID);
  assert.match(deviceId, CLOUD_ID);
  assert.ok(Number.isInteger(port) && port >= 1 && port <= 65_535);
  assert.match(connectionKey.reveal(), CONNECTION_KEY);
  assert.deepEqual(normaliseHostname(hostname), { ok: true, hostname });
  assert.ok(createdAtMs === undefined || Number.isFinite(createdAtMs));
}
