import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../src/config/load.js';
import { loginName, secretsOf } from '../../../src/config/secrets.js';

function kinds(env: Record<string, string>): Record<string, string> {
  const { config } = loadConfig({
    env: { C8Y_BASEURL: 'https://acme.example.com', GATEHOUSE_DEVICE_EXTERNAL_ID: 'gw-7', ...env },
    cwd: '/',
    systemFile: '/no/such/file',
  });
  return Object.fromEntries(secretsOf(config).map(({ secret, kind }) => [kind, secret]));
}

test('every secret of a configuration is listed, with the login that goes over the wire', () => {
  const env = {
    C8Y_TENANT: 't1',
    C8Y_USER: 'gw',
    C8Y_PASSWORD: 'secret',
    HTTPS_PROXY: 'http://me:other@proxy:1',
    GATEHOUSE_ADMIN_TOKEN: 'admin-token',
  };
  assert.deepEqual(kinds(env), {
    password: 'secret',
    credentials: 't1/gw:secret',
    'proxy-password': 'other',
    'proxy-credentials': 'me:other',
    'admin-token': 'admin-token',
  });
  assert.deepEqual(kinds({ C8Y_TOKEN: 'token' }), { token: 'token' });
});

test('the login name holds the tenant unless that is empty', () => {
  assert.deepEqual([loginName('t1', 'gw'), loginName('', 'gw')], ['t1/gw', 'gw']);
});
