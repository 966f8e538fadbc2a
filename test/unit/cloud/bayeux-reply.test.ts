import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readReply } from '../../../src/cloud/bayeux-reply.js';

const EXPECTED = { id: '3', metaChannel: '/meta/connect', dataChannel: '/40511' };
const read = (...messages: unknown[]) => readReply(messages, EXPECTED);
const connect = (fields: object) => read({ channel: '/meta/connect', id: '3', ...fields })?.meta;

test('data of our channel comes out in order, whatever stands around it', () => {
  const reply = read(
    { channel: '/40511', data: { id: '1' } },
    { channel: '/40512', data: { id: 'not ours' } },
    { channel: '/meta/connect', id: '3', successful: true },
    { channel: '/40511', data: { id: '2' } },
  );
  assert.deepEqual(reply?.documents, [{ id: '1' }, { id: '2' }]);
  assert.equal(reply.meta?.successful, true);
  assert.equal(reply.unmatched, 1);
});

test('A12: answers to other messages are not ours, nor are second ones', () => {
  const reply = read(
    { channel: '/meta/connect', id: '2', successful: true },
    { channel: '/meta/connect', id: 3, successful: true },
    { channel: '/meta/connect', successful: true },
    { channel: '/meta/handshake', id: '3', successful: true },
  );
  assert.equal(reply?.meta, undefined);
  assert.equal(reply?.unmatched, 4);
  const first = { channel: '/meta/connect', id: '3', successful: true };
  assert.equal(read(first, { ...first, successful: false })?.meta?.successful, true);
});

test('things that are no messages are skipped', () => {
  assert.equal(read(null, 1, 'x', [], [[]], {}, { channel: '' })?.unmatched, 7);
});

test('what is no list, or far too long a list, is no reply', () => {
  for (const reply of [undefined, null, {}, 'x', 5, Array(1_001).fill({})]) {
    assert.equal(readReply(reply, EXPECTED), undefined);
  }
});

test('only true is successful', () => {
  for (const successful of [undefined, 'true', 1, null, false]) {
    assert.equal(connect({ successful })?.successful, false);
  }
});

test('A10: advice is clamped, and unknown advice means retry', () => {
  const interval = (value: unknown) => connect({ advice: { interval: value } })?.advice.intervalMs;
  assert.deepEqual([-1, '5000', null, NaN, 1e12, 250].map(interval), [0, 0, 0, 0, 300_000, 250]);
  const reconnect = (value: unknown) => connect({ advice: { reconnect: value } })?.advice.reconnect;
  assert.deepEqual(['retry', 'handshake', 'none', 'x', null].map(reconnect), [
    'retry',
    'handshake',
    'none',
    'retry',
    'retry',
  ]);
  assert.equal(connect({ advice: 'none' })?.advice.reconnect, 'retry');
});

test('client ids that could do harm are not taken', () => {
  for (const clientId of [undefined, 5, {}, '', 'a\nb', 'x'.repeat(129)]) {
    assert.equal(connect({ clientId })?.clientId, undefined);
  }
  assert.equal(connect({ clientId: '3jq9-_' })?.clientId, '3jq9-_');
});

test('an error text is short and cannot forge a line', () => {
  assert.equal(connect({ error: `402::Unknown\nclient${'x'.repeat(200)}` })?.error.length, 100);
  assert.doesNotMatch(connect({ error: 'a\nb' })?.error ?? '', /\n/);
});
