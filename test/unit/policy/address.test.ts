import assert from 'node:assert/strict';
import { test } from 'node:test';
import { carriedIpv4, classOf, contains, parseAddress, parseNetwork } from '../../../src/policy/address.js';

function address(text: string) {
  return parseAddress(text) ?? assert.fail(`${text} is no address`);
}

test('reads canonical IPv4 and any IPv6, and writes the canonical form', () => {
  const forms: [string, string][] = [
    ['10.0.5.7', '10.0.5.7'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['FD00:0:0::0067', 'fd00::67'],
    ['::', '::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::ffff:10.0.5.7', '10.0.5.7'],
    ['::FFFF:a00:507', '10.0.5.7'],
    ['64:ff9b::10.0.5.7', '64:ff9b::a00:507'],
  ];
  for (const [text, canonical] of forms) {
    assert.equal(address(text).text, canonical);
    assert.deepEqual(address(canonical), address(text));
  }
});

test('reads no other form', () => {
  for (const text of [
    ...['', 'plc', '10.0.5', '10.0.5.07', '010.0.5.7', '10.0.5.256', '10.0.5.7.', '10.0.5.7 ', '0x7f.1', '1'],
    ...[
      '[::1]',
      'fe80::1%eth0',
      '1::2::3',
      '12345::',
      ':',
      '::ffff:0x7f.1',
      '::ffff:127.1',
      '::1/128',
      '1.2.3.4::',
    ],
  ]) {
    assert.equal(parseAddress(text), undefined, text);
  }
});

test('reads a network only when no bit behind the prefix is set', () => {
  assert.deepEqual(parseNetwork('10.0.5.0/24'), { family: 4, prefix: 24, value: 0x0a00_0500n });
  assert.deepEqual(parseNetwork('10.0.5.7'), { family: 4, prefix: 32, value: 0x0a00_0507n });
  assert.deepEqual(parseNetwork('::ffff:10.0.5.0/120'), parseNetwork('10.0.5.0/24'));
  assert.deepEqual(parseNetwork('::/0'), { family: 6, prefix: 0, value: 0n });
  for (const text of [
    '10.0.5.1/24',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '/8',
    'fd00::1/64',
  ]) {
    assert.equal(parseNetwork(text), undefined, text);
  }
});

test('a network contains exactly its range', () => {
  const network = parseNetwork('10.0.5.0/24') ?? assert.fail();
  const inside = ['10.0.5.0', '10.0.5.255', '::ffff:10.0.5.1'];
  const outside = ['10.0.4.255', '10.0.6.0', '::a00:501'];
  assert.deepEqual(
    [...inside, ...outside].filter((text) => contains(network, address(text))),
    inside,
  );
});

test('knows the class of an address up to the edges of its range', () => {
  const classes: [string, string[]][] = [
    ['unspecified', ['0.0.0.0', '::', '::ffff:0.0.0.0']],
    ['this-network', ['0.0.0.1', '0.255.255.255']],
    ['loopback', ['127.0.0.0', '127.255.255.255', '::1', '::ffff:127.0.0.1']],
    ['link-local', ['169.254.0.0', '169.254.169.254', '169.254.255.255', 'fe80::', 'febf:ffff::']],
    ['multicast', ['224.0.0.0', '239.255.255.255', 'ff00::', 'ff02::1', 'ffff::']],
    ['reserved', ['240.0.0.0', '255.255.255.254']],
    ['broadcast', ['255.255.255.255']],
    ['cloud-metadata', ['100.100.100.200', '168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254']],
    [
      'ordinary',
      ['1.0.0.0', '126.255.255.255', '128.0.0.0', '169.253.255.255', '169.255.0.0', '223.255.255.255'],
    ],
    ['ordinary', ['::2', 'fe7f:ffff::', 'fec0::', 'feff::', 'fd00::67', '2001:db8::1', '100.100.100.201']],
  ];
  for (const [name, texts] of classes) {
    for (const text of texts) assert.equal(classOf(address(text)), name, text);
  }
});

test('finds the IPv4 address that an IPv6 address leads to', () => {
  const forms: [string, string | undefined][] = [
    ['64:ff9b::7f00:1', '127.0.0.1'],
    ['64:ff9b:1::a00:507', '10.0.5.7'],
    ['2002:7f00:1::', '127.0.0.1'],
    ['2002:a00:507:1::99', '10.0.5.7'],
    // The example of RFC 4380 section 4: client 192.0.2.45.
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', '192.0.2.45'],
    ['::ffff:0:7f00:1', '127.0.0.1'],
    ['::7f00:1', '127.0.0.1'],
    ['::1', undefined],
    ['::', undefined],
    ['2001:db8::7f00:1', undefined],
    ['2003::', undefined],
    ['10.0.5.7', undefined],
  ];
  for (const [text, carried] of forms) {
    assert.equal(carriedIpv4(address(text))?.address.text, carried, text);
  }
});
