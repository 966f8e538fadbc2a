import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../../src/policy/decide.js';
import { explain } from '../../../src/policy/explain.js';
import { conduit, question } from '../../helpers/policy-question.js';

const CONDUITS = [
  conduit(10, '10.0.5.0/24', { ports: [{ from: 80, to: 80 }] }),
  conduit(20, '10.0.6.0/24'),
  conduit(30, '10.0.5.7'),
  conduit(40, 'plc'),
];

test('says which line allows and why the others do not', () => {
  const asked = question(CONDUITS, 'plc', { addresses: ['10.0.5.7', '127.0.0.1', '224.0.0.1'] });
  const { decision, lines } = explain(asked);
  assert.deepEqual(decision, decide(asked));
  assert.deepEqual(lines, [
    'plc is 10.0.5.7: an ordinary address',
    'plc is 127.0.0.1: a loopback address, needs a conduit that names it',
    'plc is 224.0.0.1: a multicast address, never reached',
    'allowed: plc:22 by conduit "c30" (gatehouse.yaml:30); dials 10.0.5.7:22',
    '  no: conduit "c10" (gatehouse.yaml:10) has the host but only the ports 80; add 22 to them',
    '  decides: conduit "c30" (gatehouse.yaml:30), host 10.0.5.7, ports 22',
    '  not asked, an earlier one decides: conduit "c40" (gatehouse.yaml:40), host plc, ports 22',
    '  no: the host of conduit "c20" (gatehouse.yaml:20), host 10.0.6.0/24, ports 22 does not match',
  ]);
});

test('says the same sentence as the refusal of an operation', () => {
  const asked = question(CONDUITS, '10.9.9.9');
  const { decision, lines } = explain(asked);
  assert.ok(decision.kind === 'deny');
  assert.ok(lines.includes(`denied (policy-denied): ${decision.sentence}`));
});

test('stays readable with ten thousand conduits', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => conduit(i + 1, `10.${i >> 8}.${i & 255}.0/24`));
  const { lines } = explain(question(many, '192.0.2.1'));
  assert.equal(lines.length, 103);
  assert.equal(lines.at(-1), '  and 9900 more conduits');
});
