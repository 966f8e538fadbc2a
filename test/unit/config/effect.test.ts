import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { configurationPage } from '../../../src/config/documentation.js';
import { loadConfig } from '../../../src/config/load.js';
import type { LoadedConfig } from '../../../src/config/load.js';
import { bypassesProxy } from '../../../src/config/no-proxy.js';
import { reloadable } from '../../../src/config/reload.js';
import { KEY_NAMES } from '../../../src/config/schema.js';
import { effectiveConfig } from '../../../src/config/view.js';

const PAGE = fileURLToPath(new URL('../../../../docs/configuration.md', import.meta.url));

function load(overrides: Record<string, unknown> = {}, env: Record<string, string> = {}): LoadedConfig {
  return loadConfig({
    env: { C8Y_BASEURL: 'https://acme.example.com', C8Y_USER: 'gw', C8Y_PASSWORD: 'canary-secret', ...env },
    overrides: { 'device.externalId': 'gw-7', ...overrides },
    cwd: tmpdir(),
    systemFile: '/no/such/file',
  });
}

test('docs/configuration.md is what the schema says (UPDATE_DOCS=1 writes it anew)', () => {
  if (process.env.UPDATE_DOCS === '1') writeFileSync(PAGE, configurationPage());
  assert.equal(readFileSync(PAGE, 'utf8'), configurationPage());
});

test('the effective configuration shows every key with its source and no secret', () => {
  const { config, sources } = load(
    { 'log.level': 'debug' },
    { HTTPS_PROXY: 'http://me:canary-2@proxy:3128' },
  );
  const lines = effectiveConfig(config, sources);
  assert.equal(lines.length, KEY_NAMES.length);
  const text = lines.join('\n');
  assert.match(text, /^cloud\.password +\[secret\] +# environment variable C8Y_PASSWORD$/m);
  assert.match(
    text,
    /^cloud\.proxy +http:\/\/me:\[secret\]@proxy:3128 +# environment variable HTTPS_PROXY$/m,
  );
  assert.match(text, /^log\.level +debug +# command line$/m);
  assert.match(text, /^limits\.buffer +256KiB +# default$/m);
  assert.doesNotMatch(text, /canary/);
});

test('a proxy has its parts decoded, and port 80 when it names none', () => {
  const { proxy } = load({}, { https_proxy: 'me%40x:p%3Aw@[::1]' }).config.cloud;
  assert.deepEqual(
    [proxy?.host, proxy?.port, proxy?.user, proxy?.password?.reveal()],
    ['::1', 80, 'me@x', 'p:w'],
  );
});

test('NO_PROXY takes the proxy away and is named as the reason', () => {
  const { config, sources } = load({}, { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'x.org, .example.com' });
  assert.equal(config.cloud.proxy, undefined);
  assert.deepEqual(sources['cloud.proxy'], { kind: 'environment', name: 'NO_PROXY' });
});

test('a proxy of the environment is not used for loopback, one that is configured is', () => {
  const loopback = { 'cloud.url': 'http://127.0.0.1:8080' };
  assert.equal(load(loopback, { HTTPS_PROXY: 'http://proxy:3128' }).config.cloud.proxy, undefined);
  assert.equal(load({ ...loopback, 'cloud.proxy': 'http://127.0.0.1:9' }).config.cloud.proxy?.port, 9);
});

for (const [list, host, port, expected] of [
  ['*', 'acme.example.com', 443, true],
  ['example.com', 'acme.example.com', 443, true],
  ['.example.com', 'acme.example.com', 443, true],
  ['*.example.com', 'acme.example.com', 443, true],
  ['example.com', 'badexample.com', 443, false],
  ['ACME.example.com:443', 'acme.example.com', 443, true],
  ['acme.example.com:8443', 'acme.example.com', 443, false],
  ['a.org b.org,acme.example.com', 'acme.example.com', 443, true],
  ['::1', '[::1]', 443, true],
  ['[::1]:443', '::1', 443, true],
  ['[::1]:444', '::1', 443, false],
  ['10.0.0.1', '10.0.0.1', 80, true],
  ['', 'acme.example.com', 443, false],
  [' , .', 'acme.example.com', 443, false],
] as const) {
  test(`NO_PROXY "${list}" ${expected ? 'covers' : 'does not cover'} ${host}:${port}`, () => {
    assert.equal(bypassesProxy(list, host, port), expected);
  });
}

test('the same configuration reloads nothing', () => {
  assert.deepEqual(reloadable(load().config, load().config), { applies: [], needsRestart: [] });
});

test('conduits, limits, log level and credentials reload; addresses and workers need a restart', () => {
  const fresh = load(
    {
      conduits: [{ name: 'a', host: '10.0.0.1', ports: [22] }],
      'limits.sessions': 5,
      'log.level': 'debug',
      'cloud.url': 'https://other.example.com',
      'workers.count': 77,
    },
    { C8Y_PASSWORD: 'another' },
  );
  assert.deepEqual(reloadable(load().config, fresh.config), {
    applies: ['cloud.password', 'conduits', 'limits.sessions', 'log.level'],
    needsRestart: ['cloud.url', 'cloud.remoteAccessUrl', 'intake.mqttUrl', 'workers.count'],
  });
});

test('the targets of a child reload, a new child needs a restart', () => {
  const conduits = [{ name: 'a', host: '10.0.0.1', ports: [22] }];
  const withChildren = (children: unknown[]): LoadedConfig => load({ conduits, 'device.children': children });
  const one = withChildren([{ externalId: 'plc-1', name: 'One' }]);
  const limited = withChildren([{ externalId: 'plc-1', name: 'One', targets: ['a'] }]);
  const two = withChildren([{ externalId: 'plc-1', name: 'One' }, { externalId: 'plc-2' }]);
  assert.deepEqual(reloadable(one.config, limited.config), {
    applies: ['device.children[].targets'],
    needsRestart: [],
  });
  assert.deepEqual(reloadable(one.config, two.config), { applies: [], needsRestart: ['device.children'] });
});
