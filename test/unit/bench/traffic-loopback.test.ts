import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loopbackOnly } from '../../../bench/traffic/loopback.js';

test('the benches dial loopback addresses and no others', () => {
  for (const address of ['127.0.0.1', '127.8.9.10', '::1']) assert.equal(loopbackOnly(address), address);
  for (const address of ['10.0.0.1', '128.0.0.1', '0.0.0.0', '::', '::2', 'localhost', '127.1', '']) {
    assert.throws(() => loopbackOnly(address), /no loopback address/, address);
  }
});
