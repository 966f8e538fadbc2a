import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonError } from '../../../src/cloud/json-document.js';
import { listOf, objectAround, objectAroundList, RawDocument } from '../../../src/cloud/json-envelope.js';

const LIMITS = { maxBytes: 10_000 };

const bytes = (text: string) => Buffer.from(text, 'latin1');

/** The value with the text of each raw document in its place. */
function shown(value: unknown): unknown {
  if (value instanceof RawDocument) return `raw ${Buffer.from(value.bytes).toString('latin1')}`;
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shown(one)]));
}

test('takes the documents out of a page and reads the rest', () => {
  const page = ' {"self":"x","operations" : [ {"a":"]},\\""} , [1,[2]],3 , "\\\\" ],"n":{"operations":[1]}} ';
  assert.deepEqual(shown(objectAroundList(bytes(page), 'operations', LIMITS)), {
    self: 'x',
    operations: ['raw {"a":"]},\\""}', 'raw [1,[2]]', 'raw 3', 'raw "\\\\"'],
    n: { operations: [1] },
  });
});

test('a document that is no good leaves its neighbours and the page alone', () => {
  for (const bad of [
    '{"a":1,"a":2}',
    '{"a":"\xff"}',
    '{"a" 1}',
    '{"a":1]',
    `${'['.repeat(100)}${']'.repeat(100)}`,
    'nul',
    '{"a":"\x01"}',
  ]) {
    const page = `{"operations":[{"id":"1"},${bad},{"id":"2"}],"next":"n"}`;
    const read = objectAroundList(bytes(page), 'operations', LIMITS);
    const operations = ['raw {"id":"1"}', `raw ${bad}`, 'raw {"id":"2"}'];
    assert.deepEqual(shown(read), { operations, next: 'n' }, bad);
  }
});

test('an empty, missing or strange member stays what it is', () => {
  for (const page of [
    '{"operations":[]}',
    '{"operations":[ ]}',
    '{}',
    '{"operations":7}',
    '{"x":[1]}',
    '7',
    '[]',
  ]) {
    assert.deepEqual(objectAroundList(bytes(page), 'operations', LIMITS), JSON.parse(page), page);
  }
});

test('a page that is broken itself is refused', () => {
  for (const page of [
    '',
    '{"operations":[1,,2]}',
    '{"operations":[1,2}',
    '{"operations":[1',
    '{"operations":[1]',
    '{"operations":[1]} x',
    '{"operations":["1]}',
    '{"operations":[1],"operations":[2]}',
    '{"self":1,"self":2,"operations":[]}',
    '{"self":"\xff","operations":[]}',
    '{"operations":[1,]}',
  ]) {
    assert.throws(() => objectAroundList(bytes(page), 'operations', LIMITS), JsonError, page);
  }
  const many = `{"operations":[${'0,'.repeat(20_000)}0]}`;
  assert.throws(() => objectAroundList(bytes(many), 'operations', { maxBytes: 100_000 }), /more than 10000/);
});

test('splits a list of messages and takes the data out of one', () => {
  const messages = listOf(bytes('[ {"channel":"/1","data":{"a":1,"a":2}} ,{"id":"7"}]'), LIMITS);
  assert.deepEqual(shown(messages), ['raw {"channel":"/1","data":{"a":1,"a":2}}', 'raw {"id":"7"}']);
  const [first] = messages ?? [];
  assert.deepEqual(shown(objectAround(first?.bytes ?? bytes(''), 'data', LIMITS)), {
    channel: '/1',
    data: 'raw {"a":1,"a":2}',
  });
  assert.deepEqual(listOf(bytes(' [] '), LIMITS), []);
  assert.equal(listOf(bytes('{"a":1}'), LIMITS), undefined);
  assert.throws(() => listOf(bytes('[1'), LIMITS), JsonError);
});

test('ends at every cut of a page', () => {
  const page = '{"self":"x","operations":[{"a":"\\"]"},[1]],"next":{"b":[]}}';
  for (let length = 0; length < page.length; length += 1) {
    assert.throws(() => objectAroundList(bytes(page.slice(0, length)), 'operations', LIMITS), JsonError);
  }
});
