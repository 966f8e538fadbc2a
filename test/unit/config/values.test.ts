import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adminListen, conduitHost, portList } from '../../../src/config/addresses.js';
import { nearest } from '../../../src/config/suggestion.js';
import { cloudUrl, mqttUrl, remoteAccessUrl } from '../../../src/config/urls.js';
import { BadValue, duration, formatDuration, formatSize, size } from '../../../src/config/values.js';

const MAX = 2 ** 31 - 1;

function accepts(parse: (raw: unknown) => unknown, cases: readonly (readonly [unknown, unknown])[]): void {
  for (const [raw, expected] of cases) assert.deepEqual(parse(raw), expected, JSON.stringify(raw));
}

function refuses(parse: (raw: unknown) => unknown, cases: readonly unknown[]): void {
  for (const raw of cases) assert.throws(() => parse(raw), BadValue, JSON.stringify(raw));
}

test('durations have a unit, and end before a timer would overflow', () => {
  const parse = (raw: unknown): number => duration(raw, 1, MAX, 'zero');
  accepts(parse, [
    [0, 0],
    ['0', 0],
    ['1ms', 1],
    ['30s', 30_000],
    ['5 m', 300_000],
    ['2h', 7_200_000],
    ['24d', 2_073_600_000],
    ['2147483647ms', MAX],
  ]);
  refuses(parse, [
    30,
    '30',
    '1.5s',
    '-1s',
    '2147483648ms',
    '25d',
    '1e9s',
    ' 1s',
    '0x1s',
    true,
    [],
    {},
    null,
    undefined,
    NaN,
  ]);
  refuses((raw) => duration(raw, 1, MAX, 'no zero'), [0, '0']);
});

test('sizes take binary units or plain bytes', () => {
  const parse = (raw: unknown): number => size(raw, 1, 2 ** 31);
  accepts(parse, [
    [1, 1],
    ['1', 1],
    ['64KiB', 65_536],
    ['16 MiB', 16_777_216],
    ['2GiB', 2 ** 31],
    ['7B', 7],
  ]);
  refuses(parse, [0, '0', '64KB', '64k', '1.5MiB', '3GiB', -1, 1.5, Infinity, NaN, '', null]);
});

test('durations and sizes are printed the way they may be written', () => {
  assert.deepEqual([0, 100, 90_000, 300_000, 86_400_000].map(formatDuration), [
    '0',
    '100ms',
    '90s',
    '5m',
    '1d',
  ]);
  assert.deepEqual([1, 1_500, 65_536, 16_777_216].map(formatSize), ['1B', '1500B', '64KiB', '16MiB']);
});

test('the cloud is https, or http on loopback, and nothing behind the port', () => {
  accepts(cloudUrl, [
    ['https://acme.example.com', 'https://acme.example.com'],
    ['https://ACME.example.com:443/', 'https://acme.example.com'],
    ['https://10.0.0.1:8443', 'https://10.0.0.1:8443'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://localhost', 'http://localhost'],
    ['http://[::1]:80', 'http://[::1]'],
  ]);
  refuses(cloudUrl, [
    ...[
      'http://acme.example.com',
      'http://127.evil.example',
      'ftp://acme',
      'acme.example.com',
      'https://',
      'https:acme',
    ],
    ...[
      'https://u:p@acme',
      'https://u@acme',
      'https://acme/x',
      'https://acme?x',
      'https://acme#x',
      'https://acme:0',
    ],
    ...[
      'https://acme.',
      'https://acme:70000',
      `https://${'a'.repeat(10_240)}`,
      'https://a b',
      'https://acme\\x',
      7,
      null,
      '',
    ],
  ]);
  assert.equal(remoteAccessUrl('wss://acme.example.com:444'), 'https://acme.example.com:444');
  assert.equal(remoteAccessUrl('ws://127.0.0.1:9'), 'http://127.0.0.1:9');
});

test('MQTT is encrypted, or stays on loopback', () => {
  accepts(mqttUrl, [
    ['mqtts://acme:8883', 'mqtts://acme:8883'],
    ['mqtt://127.0.0.1:1883', 'mqtt://127.0.0.1:1883'],
    ['wss://acme/mqtt', 'wss://acme/mqtt'],
  ]);
  refuses(mqttUrl, [
    'mqtt://acme:1883',
    'ws://acme/mqtt',
    'https://acme',
    'mqtts://acme/x',
    'mqtts://u:p@acme',
    'mqtts://',
  ]);
});

test('a conduit is an address, a network without host bits, or a name', () => {
  for (const host of [
    '10.0.0.1',
    '10.0.0.0/8',
    '10.0.0.1/32',
    '::1',
    'fd00::/8',
    'plc-1.plant.example',
    'PLC_1',
    '0.0.0.0/0',
  ]) {
    assert.equal(conduitHost(host), host);
  }
  refuses(conduitHost, [
    ...[
      '10.0.0.1/8',
      '10.0.0.0/33',
      '10.0.0.0/',
      '10.0.0.0/08x',
      '10.0.0.0/8/8',
      '/8',
      'fd00::1/8',
      'fd00::/129',
      'plc/24',
    ],
    ...[
      '*.example',
      '^plc.*$',
      '[::1]',
      'fe80::1%eth0',
      'plc:22',
      'plc.',
      'a..b',
      '-a',
      'bücher',
      '10.1',
      '0x0a000001',
      '1',
    ],
    ...['a'.repeat(64), 'a.'.repeat(200), 'a b', '', 10, null],
  ]);
});

test('ports are numbers, ranges, or all', () => {
  accepts(portList, [
    [[22], [{ from: 22, to: 22 }]],
    [
      ['22', '8080-8089', '*'],
      [
        { from: 22, to: 22 },
        { from: 8080, to: 8089 },
        { from: 1, to: 65_535 },
      ],
    ],
    ['*', [{ from: 1, to: 65_535 }]],
    [65_535, [{ from: 65_535, to: 65_535 }]],
  ]);
  refuses(portList, [
    [],
    [0],
    [65_536],
    ['22-21'],
    ['0-5'],
    ['-5'],
    ['a'],
    [1.5],
    [null],
    [[22]],
    Array(1_001).fill(1),
    null,
    {},
  ]);
});

test('the admin listener is host and port, a socket, or off', () => {
  accepts(adminListen, [
    ['127.0.0.1:7980', { kind: 'tcp', host: '127.0.0.1', port: 7980 }],
    ['[::1]:0', { kind: 'tcp', host: '::1', port: 0 }],
    ['localhost:1', { kind: 'tcp', host: 'localhost', port: 1 }],
    ['unix:/run/gatehouse/admin.sock', { kind: 'unix', path: '/run/gatehouse/admin.sock' }],
    ['off', { kind: 'off' }],
    [false, { kind: 'off' }],
  ]);
  refuses(adminListen, [
    '7980',
    ':7980',
    '*:7980',
    '::1:7980',
    '127.0.0.1',
    'a:70000',
    '[a]:1',
    'unix:x',
    'unix:',
    `unix:/${'x'.repeat(107)}`,
    7980,
    true,
  ]);
});

test('typing errors find the word that was meant, other words do not', () => {
  const words = ['sessions', 'sessionsPerTarget', 'idleTimeout', 'url'];
  assert.equal(nearest('sesions', words), 'sessions');
  assert.equal(nearest('idletimeout', words), 'idleTimeout');
  assert.equal(nearest('ulr', words), 'url');
  assert.equal(nearest('conduits', words), undefined);
  assert.equal(nearest('x'.repeat(10_000), words), undefined);
});
