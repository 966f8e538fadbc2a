import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../src/policy/decide.js';
import { conduit, question } from '../helpers/policy-question.js';
import { surface, type Case } from './cases.js';

interface AddressCase extends Case {
  readonly addresses: readonly string[];
  readonly expect: string;
}

const ALL = [{ from: 1, to: 65_535 }];
const OPEN = [
  conduit(10, '0.0.0.0/0', { ports: ALL }),
  conduit(20, '::/0', { ports: ALL }),
  conduit(30, 'plc', { ports: ALL }),
];

const SENTENCES: Readonly<Record<string, RegExp>> = {
  never: /never reached, whatever a conduit says/,
  named: /needs a conduit that names it/,
  nothing: /it has no address/,
};

for (const { id, addresses, expect } of surface<AddressCase>('addresses').cases) {
  test(`a name that resolves to ${id}: ${expect}`, () => {
    const decision = decide(question(OPEN, 'plc', { addresses }));
    const sentence = SENTENCES[expect];
    if (sentence !== undefined) {
      assert.ok(decision.kind === 'deny', JSON.stringify(decision));
      assert.equal(decision.code, 'policy-denied');
      assert.match(decision.sentence, sentence);
      assert.doesNotMatch(decision.sentence, /\p{Cc}/u);
      return;
    }
    assert.ok(decision.kind === 'allow', JSON.stringify(decision));
    if (expect === 'open') assert.equal(decision.addresses.length, 1);
    else assert.equal(decision.addresses.join(' '), expect);
  });
}
