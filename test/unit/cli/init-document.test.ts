import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { documentsOf } from '../../../src/cli/init/document.js';
import type { Draft } from '../../../src/cli/init/draft.js';
import { configurationSchema } from '../../../src/config/json-schema.js';

const DRAFT: Draft = {
  url: 'https://acme.example.com',
  externalId: '0012',
  login: { kind: 'register', file: 'gatehouse.credentials.yaml' },
  intake: undefined,
  proxy: undefined,
  caFile: undefined,
  conduits: [{ name: 'a', host: 'fd00::/64', ports: [22, '80-90', '*'] }],
  children: [{ externalId: '7', name: 'PLC: 7 # left', targets: ['a'] }],
};

const OPTIONS = { stem: 'gatehouse', schema: '/x/schema.json', madeAt: new Date(0) };

const accepts = new Ajv2020({ strict: false }).compile(configurationSchema());

test('a draft becomes what it says, whatever its texts look like', () => {
  const { text, secrets } = documentsOf(DRAFT, OPTIONS);
  assert.deepEqual(parse(text), {
    cloud: { url: DRAFT.url, credentialsFile: 'gatehouse.credentials.yaml' },
    device: { externalId: '0012', children: DRAFT.children },
    conduits: DRAFT.conduits,
  });
  assert.equal(secrets.size, 0);
  assert.match(text, /^# yaml-language-server: \$schema=\/x\/schema\.json\n/);
});

test('secrets stand in files of their own, named after the configuration', () => {
  const { text, secrets } = documentsOf(
    {
      ...DRAFT,
      login: { kind: 'password', tenant: 't1', user: 'gw', password: { secret: 'canary-1' } },
      proxy: { secret: 'http://u:canary-2@proxy:3128' },
    },
    { ...OPTIONS, stem: 'hall-7' },
  );
  assert.doesNotMatch(text, /canary/);
  assert.deepEqual(
    [...secrets],
    [
      ['hall-7.password', 'canary-1'],
      ['hall-7.proxy', 'http://u:canary-2@proxy:3128'],
    ],
  );
  assert.match(text, /^ {2}passwordFile: hall-7\.password\n/m);
  assert.match(text, /^ {2}proxyFile: hall-7\.proxy\n/m);
});

test('every key that is commented out is right when its # is taken away, alone and with all the others', () => {
  const { text } = documentsOf({ ...DRAFT, children: [] }, OPTIONS);
  const lines = text.split('\n');
  let uncommented = 0;
  for (const [index, line] of lines.entries()) {
    if (!/^ *#(?! )/.test(line) && !/^# {2}(?![ #])/.test(line)) continue;
    uncommented += 1;
    lines[index] = line.replace(/^( *)#/, '$1');
  }
  assert.ok(uncommented > 20, String(uncommented));
  const document = parse(lines.map((line) => line.replace(/^#( +#)/, '$1')).join('\n')) as object;
  const wrong = accepts.errors?.map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
  assert.ok(accepts(document), wrong?.join('\n'));
  assert.ok('limits' in document && 'log' in document && 'admin' in document);
});

test('no comment is longer than a line of a terminal that people use', () => {
  const { text } = documentsOf(DRAFT, OPTIONS);
  const long = text.split('\n').filter((line) => line.startsWith('#') && line.length > 120);
  assert.deepEqual(long, []);
});
