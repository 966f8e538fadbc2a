import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceIdentifier } from '../../../simulator/mqtt/device-identifier.js';
import { batches } from '../../../simulator/mqtt/operation-messages.js';
import { maySubscribe, publishTopic } from '../../../simulator/mqtt/topics.js';

test('the device identifier is the bare client id or its second part', () => {
  assert.equal(deviceIdentifier('gw-7'), 'gw-7');
  assert.equal(deviceIdentifier('d:gw-7'), 'gw-7');
  assert.equal(deviceIdentifier('d:gw-7:myTemplate'), 'gw-7');
  assert.equal(deviceIdentifier(''), undefined);
  assert.equal(deviceIdentifier('d::x'), undefined);
  assert.equal(deviceIdentifier('a:b:c:d'), undefined);
});

test('static templates are taken in all four processing modes, for the device and for a child', () => {
  for (const mode of ['s', 't', 'q', 'c']) {
    assert.deepEqual(publishTopic(`${mode}/us`), { kind: 'smartrest', child: undefined });
    assert.deepEqual(publishTopic(`${mode}/us/plc-3`), { kind: 'smartrest', child: 'plc-3' });
  }
  assert.equal(publishTopic('s/ds').kind, 'ignored');
});

test('only known topics can be subscribed to, some only once the device exists', () => {
  for (const topic of ['s/ds', 's/dat', 'devicecontrol/notifications']) {
    assert.equal(maySubscribe(topic, false), false, topic);
    assert.equal(maySubscribe(topic, true), true, topic);
  }
  for (const topic of ['s/e', 'error', 's/dcr']) assert.equal(maySubscribe(topic, false), true, topic);
  for (const topic of ['s/us', 's/uat', 's/ucr', '#', 's/+', 's/ds/#']) {
    assert.equal(maySubscribe(topic, true), false, topic);
  }
});

test('messages are joined by line feeds as far as a payload holds them', () => {
  assert.deepEqual(batches([], 5), []);
  assert.deepEqual(batches(['ab', 'cd', 'ef'], 5), ['ab\ncd', 'ef']);
  assert.deepEqual(batches(['abcdefgh', 'x'], 5), ['abcdefgh', 'x']);
  assert.deepEqual(batches(['äö', 'x'], 5), ['äö', 'x']);
});
