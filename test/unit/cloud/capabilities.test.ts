import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingFragments, ownFragments } from '../../../src/cloud/capabilities.js';

const complete = { id: '1', name: 'n', ...ownFragments('gateway', '1.0.0') };

test('a complete device needs nothing', () => {
  assert.equal(missingFragments(complete, 'gateway', '1.0.0'), undefined);
  assert.equal(missingFragments(complete, 'child', '1.0.0'), undefined);
});

test('operations and protocols of others stay in the lists', () => {
  const device = {
    ...complete,
    c8y_SupportedOperations: ['c8y_Restart'],
    c8y_RemoteAccessSupportedProtocols: ['SSH', 'OTHER'],
  };
  assert.deepEqual(missingFragments(device, 'gateway', '1.0.0'), {
    c8y_SupportedOperations: ['c8y_Restart', 'c8y_RemoteAccessConnect'],
    c8y_RemoteAccessSupportedProtocols: ['SSH', 'OTHER', 'TELNET', 'VNC', 'PASSTHROUGH'],
  });
});

test('the agent fragment is ours to update only when it is ours', () => {
  const other = { ...complete, c8y_Agent: { name: 'thin-edge.io', version: '1' } };
  assert.equal(missingFragments(other, 'gateway', '2.0.0'), undefined);
  assert.deepEqual(missingFragments(complete, 'gateway', '2.0.0'), {
    c8y_Agent: { name: 'Gatehouse', version: '2.0.0' },
  });
});

test('a child is a device but no agent', () => {
  const fragments = missingFragments({}, 'child', '1.0.0') ?? {};
  assert.deepEqual(Object.keys(fragments).sort(), [
    'c8y_IsDevice',
    'c8y_RemoteAccessSupportedProtocols',
    'c8y_SupportedOperations',
  ]);
});

test('lists that are no lists are replaced', () => {
  for (const broken of ['c8y_Restart', {}, null, 5]) {
    const patch = missingFragments({ ...complete, c8y_SupportedOperations: broken }, 'gateway', '1.0.0');
    assert.deepEqual(patch, { c8y_SupportedOperations: ['c8y_RemoteAccessConnect'] });
  }
});
