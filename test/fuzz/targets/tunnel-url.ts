import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { GatehouseError } from '../../../contract/failure.js';
import { Secret } from '../../../contract/secret.js';
import { tunnelUrl } from '../../../src/cloud/tunnel-url.js';
import { remoteAccessUrl } from '../../../src/config/urls.js';
import { BadValue } from '../../../src/config/values.js';
import { operationCases } from '../../helpers/operation-cases.js';
import type { FuzzTarget } from '../target.js';

const BASE = 'https://acme.example.com';

/** The first line is the base, the rest the key. */
function written(base: string, key: string): Buffer {
  return Buffer.from(`${base}\n${key}`);
}

export const tunnelUrlTarget: FuzzTarget = {
  name: 'tunnel-url',
  holds: 'a URL has the configured host and exactly prefix and key as its path',
  seeds: () =>
    operationCases().flatMap(({ value }) => {
      const fragment = value?.c8y_RemoteAccessConnect;
      const key =
        typeof fragment === 'object' && fragment !== null && 'connectionKey' in fragment
          ? fragment.connectionKey
          : undefined;
      return typeof key === 'string' ? [written(BASE, key.slice(0, 1_000))] : [];
    }),
  dictionary: [
    '..',
    '/',
    '%2e',
    '%2f',
    '?',
    '#',
    '@',
    ':',
    '\\',
    '//',
    'https://',
    'http://127.0.0.1',
    '[::1]',
    '\n',
    '\t',
  ],
  structured: fc
    .tuple(
      fc.oneof(
        fc.webUrl({ validSchemes: ['https'] }),
        fc.constant(BASE),
        fc.constant('http://127.0.0.1:8080'),
      ),
      fc.string({ unit: fc.constantFrom(...Array.from('aZ09._~-/%?#@:\\ \n')), minLength: 1, maxLength: 20 }),
    )
    .map(([base, key]) => written(base, key)),
  check: (input) => {
    const text = input.toString('utf8');
    const [line = '', ...rest] = text.split('\n');
    const key = rest.join('\n');
    const base = baseOf(line);
    if (base === undefined) return;
    let url: string;
    try {
      url = tunnelUrl(base, new Secret(key));
    } catch (error) {
      assert.ok(error instanceof GatehouseError, String(error));
      if (key.length >= 8) assert.ok(!error.message.includes(key));
      return;
    }
    const { host, pathname, search, hash, username, protocol } = new URL(url);
    assert.equal(host, new URL(base).host);
    assert.equal(pathname, `/service/remoteaccess/device/${key}`);
    assert.deepEqual([search, hash, username], ['', '', '']);
    assert.equal(protocol, base.startsWith('https:') ? 'wss:' : 'ws:');
  },
};

/** As the configuration takes it. */
function baseOf(line: string): string | undefined {
  try {
    return remoteAccessUrl(line);
  } catch (error) {
    assert.ok(error instanceof BadValue, String(error));
    return undefined;
  }
}
