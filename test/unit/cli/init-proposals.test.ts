import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conduitsFor, proposalsFor } from '../../../src/cli/init/proposals.js';
import { chosen } from '../../../src/cli/init/questions.js';
import { checkConduit, checkPorts, checkUrl, conduitName } from '../../../src/cli/init/values.js';
import type { DeviceEndpoints } from '../../../src/cloud/endpoints.js';

function device(
  externalId: string,
  ...targets: (readonly [name: string, hostname: string, port: number])[]
): DeviceEndpoints {
  const endpoints = targets.map(([name, hostname, port]) => ({
    name,
    hostname,
    port,
    protocol: 'PASSTHROUGH',
  }));
  return { externalId, name: externalId, isGateway: externalId === 'gw', endpoints };
}

test('endpoints of the gateway and of children become conduits; children may use theirs only', () => {
  const { possible, impossible } = proposalsFor([
    device('gw', ['ssh', '127.0.0.1', 22], ['panel', ' 10.0.5.7 ', 5900]),
    device('plc', ['panel', '10.0.5.7', 5900], ['web ü/1', 'PLC.plant.example', 80]),
  ]);
  assert.deepEqual(impossible, []);
  assert.deepEqual(conduitsFor(possible), {
    conduits: [
      { name: 'ssh', host: '127.0.0.1', ports: [22] },
      { name: 'panel', host: '10.0.5.7', ports: [5900] },
      { name: 'web-u-1', host: 'plc.plant.example', ports: [80] },
    ],
    children: [{ externalId: 'plc', name: 'plc', targets: ['panel', 'web-u-1'] }],
  });
});

for (const [hostname, port, why] of [
  ['169.254.169.254', 80, /link-local address, which is never reached/],
  ['0.0.0.0', 80, /never reached/],
  ['64:ff9b::a9fe:a9fe', 80, /never reached/],
  ['127.1', 80, /./],
  ['', 80, /empty/],
  ['a b', 80, /blank/],
  ['evil\u202e', 80, /./],
  ['10.0.0.1', 0, /65535/],
  ['10.0.0.1', 70_000, /65535/],
  ['10.0.0.1', NaN, /65535/],
] as const) {
  test(`an endpoint at ${JSON.stringify(hostname)} port ${port} is left out with a reason`, () => {
    const { possible, impossible } = proposalsFor([device('gw', ['x', hostname, port])]);
    assert.equal(possible.length, 0);
    assert.match(impossible[0]?.why ?? '', why);
  });
}

test('at most two hundred endpoints are proposed', () => {
  const many = Array.from({ length: 300 }, (_, index) => ['x', `10.0.0.${index % 250}`, index + 1] as const);
  const { possible } = proposalsFor([device('gw', ...many)]);
  assert.equal(possible.length, 200);
  const names = conduitsFor(possible).conduits.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

for (const [text, expected] of [
  ['all', [0, 1, 2]],
  ['NONE', []],
  ['1', [0]],
  ['1,3', [0, 2]],
  ['1-2, 2', [0, 1]],
] as const) {
  test(`"${text}" of three chooses ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(chosen(text, 3), { value: expected });
  });
}

for (const text of ['', '0', '4', '3-1', 'x', '1,,x', '-1', '99999']) {
  test(`"${text}" of three chooses nothing and says what would`, () => {
    const result = chosen(text, 3);
    assert.ok('why' in result && result.why.startsWith('must be all, none'));
  });
}

test('an address without https:// gets it, a slash at its end goes', () => {
  assert.deepEqual(checkUrl('acme.example.com/'), { value: 'https://acme.example.com' });
  assert.ok('why' in checkUrl('http://acme.example.com'));
});

test('conduits of flags', () => {
  assert.deepEqual(checkConduit('a=[fd00::/64]:22,80-90'), {
    value: { name: 'a', host: 'fd00::/64', ports: [22, '80-90'] },
  });
  assert.deepEqual(checkConduit('a=plc:*'), { value: { name: 'a', host: 'plc', ports: ['*'] } });
  for (const wrong of ['a', 'a=b', 'a=:22', '=b:22', 'a=10.0.0.1/8:22', 'a=fd00::1:22:x', 'a=b:0', 'a b=c:1'])
    assert.ok('why' in checkConduit(wrong), wrong);
  assert.ok('why' in checkPorts(''));
});

test('names of conduits are plain and unlike each other', () => {
  assert.equal(conduitName('Panel, front', new Set()), 'Panel-front');
  assert.equal(conduitName('Panel front', new Set(['Panel-front'])), 'Panel-front-2');
  assert.equal(conduitName('ж', new Set()), 'conduit');
  assert.equal(conduitName('x'.repeat(200), new Set()).length, 56);
});
