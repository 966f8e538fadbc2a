import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatehouseError } from '../../../contract/failure.js';
import { Secret } from '../../../contract/secret.js';
import { tunnelUrl } from '../../../src/cloud/tunnel-url.js';

const KEY = '0b8f3a52-6f0e-4f0c-9a35-5d3c1e7f9b10';

const good: [string, string][] = [
  ['https://acme.example.com', `wss://acme.example.com/service/remoteaccess/device/${KEY}`],
  ['https://acme.example.com/', `wss://acme.example.com/service/remoteaccess/device/${KEY}`],
  [
    'https://acme.example.com:8443/c8y/',
    `wss://acme.example.com:8443/c8y/service/remoteaccess/device/${KEY}`,
  ],
  ['http://127.0.0.1:8080', `ws://127.0.0.1:8080/service/remoteaccess/device/${KEY}`],
  ['http://[::1]:8080', `ws://[::1]:8080/service/remoteaccess/device/${KEY}`],
];
for (const [base, url] of good) {
  test(`under ${base} the tunnel is at ${url}`, () => assert.equal(tunnelUrl(base, new Secret(KEY)), url));
}

const badKeys = [
  '',
  '.',
  '..',
  '........',
  '../../../inventory',
  'a/../../b-key',
  '%2e%2e%2f%2e%2e',
  'short',
  'key?x=1234',
  'key#x1234',
  'key 12345',
  '\t..\t.....',
  'key\r\nX-Evil: 1',
  'a@b.example',
  'ключ-ключ',
  'x'.repeat(129),
];
for (const key of badKeys) {
  test(`the key ${JSON.stringify(key).slice(0, 40)} is refused without being repeated`, () => {
    assert.throws(
      () => tunnelUrl('https://acme.example.com', new Secret(key)),
      (error) =>
        error instanceof GatehouseError &&
        error.code === 'invalid-operation' &&
        (key.length < 5 || !error.message.includes(key)),
    );
  });
}
