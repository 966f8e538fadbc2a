import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonError, parseJson } from '../../../src/cloud/json-document.js';

const LIMITS = { maxBytes: 1_000 };

function refusal(text: string | Uint8Array, limits: Parameters<typeof parseJson>[1] = LIMITS): JsonError {
  try {
    parseJson(text, limits);
  } catch (error) {
    assert.ok(error instanceof JsonError);
    return error;
  }
  assert.fail('accepted');
}

test('reads what JSON.parse reads', () => {
  for (const text of [
    'null',
    '0',
    '-0.5e3',
    '"a:b"',
    ' [ ] ',
    '{"a":{"a":1},"b":[{"a":1},{"a":2}]}',
    '{"a":"\\"","b":"{\\"a\\":1,\\"a\\":2}"}',
    '{"":1," ":2}',
    '{"__proto__":{"x":1}}',
    '["a","a"]',
  ]) {
    assert.deepEqual(parseJson(text, LIMITS), JSON.parse(text), text);
    assert.deepEqual(parseJson(Buffer.from(text), LIMITS), JSON.parse(text), text);
  }
});

test('a member called __proto__ is plain data', () => {
  const value = parseJson('{"__proto__":{"x":1}}', LIMITS) as object;
  assert.ok(Object.hasOwn(value, '__proto__'));
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
});

test('finds a member that stands twice at any depth, however it is written', () => {
  const paths: [string, string[]][] = [
    ['{"a":1,"a":1}', ['a']],
    ['{"a" : 1 , "\\u0061"\n: 2}', ['a']],
    ['[{"b":[{"c":{"d":1,"e":{},"d":2}}]}]', ['b', 'c', 'd']],
    ['{"__proto__":1,"__proto__":2}', ['__proto__']],
  ];
  for (const [text, path] of paths) {
    const { duplicate } = refusal(text);
    assert.deepEqual(duplicate?.path, path);
    assert.deepEqual(duplicate.value, JSON.parse(text));
  }
});

test('refuses beyond each bound and accepts at it', () => {
  assert.equal(parseJson('"abc"', { maxBytes: 5 }), 'abc');
  assert.match(refusal('"abcd"', { maxBytes: 5 }).message, /6 bytes, more than 5/);
  assert.match(refusal('"äb"', { maxBytes: 4 }).message, /5 bytes/);
  assert.deepEqual(parseJson('[[]]', { maxBytes: 9, maxDepth: 2 }), [[]]);
  assert.match(refusal('[[[]]]', { maxBytes: 9, maxDepth: 2 }).message, /deeper than 2/);
  assert.deepEqual(parseJson('{"a":1,"b":2}', { ...LIMITS, maxMembers: 2 }), { a: 1, b: 2 });
  assert.match(refusal('{"a":1,"b":2,"c":3}', { ...LIMITS, maxMembers: 2 }).message, /more than 2 members/);
});

test('says what is wrong without quoting the text', () => {
  assert.equal(refusal('{"key":"canary"').message, 'is not JSON');
  assert.equal(refusal('canary').message, 'is not JSON');
  assert.equal(refusal(' ').message, 'is empty');
  assert.equal(refusal('\uFEFF1').message, 'starts with a byte-order mark');
  assert.equal(refusal(Buffer.from([0x22, 0xff, 0x22])).message, 'is not valid UTF-8');
  assert.equal(refusal('"\ud800"').message, 'holds half of a surrogate pair');
  assert.equal(refusal('{"canary').cause, undefined);
});

test('ends on texts that are no JSON at all', () => {
  for (const text of [
    '"',
    '"\\',
    '}}}',
    ']',
    '{"a',
    '{"a":1,"\\q":2}',
    '{"a"::',
    '\\',
    '{"\\u00":1,"\\u00":2}',
  ]) {
    assert.equal(refusal(text).message, 'is not JSON', text);
  }
});
