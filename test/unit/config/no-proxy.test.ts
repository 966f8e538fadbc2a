import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bypassesProxy } from '../../../src/config/no-proxy.js';
import { ProxyRoute } from '../../../src/config/proxy-route.js';

/** What curl's own tests of the list say, as far as they concern us; the others are ours. */
const CASES: readonly [list: string, host: string, isCovered: boolean][] = [
  ['www.example.com', 'www.example.com', true],
  ['example.com', 'www.example.com', true],
  ['.example.com', 'www.example.com', true],
  ['.example.com', 'example.com', true],
  ['example.com.', 'www.example.com', true],
  ['example.com', 'www.example.com.', true],
  ['.example.com.', 'example.com', true],
  ['wwwexample.com', 'www.example.com', false],
  ['.com', 'example.com', true],
  ['example.com', 'nonexample.com', false],
  ['EXAMPLE.com', 'Www.Example.COM', true],
  [',, example.com ,', 'www.example.com', true],
  ['foobar, barfoo', 'barfoo', true],
  ['foobar,barfoo', 'foobarbarfoo', false],
  ['*', 'anything.example', true],
  ['192.168.0.0/16', '192.168.0.1', true],
  ['192.168.0.0/16', '192.169.0.1', false],
  ['192.168.1.3/24', '192.168.1.250', true],
  ['192.168.0.1', '192.168.0.1', true],
  ['192.168.0.1/32', '192.168.0.1', true],
  ['192.168.0.1/33', '192.168.0.1', false],
  ['192.168.0.1/x', '192.168.0.1', false],
  ['192.168.0.0', '192.168.0.1', false],
  ['10.0.0.0/8', '10.example.com', false],
  ['0.0.10.in-addr.arpa', '10.0.0.0', false],
  ['.168.0.1', '192.168.0.1', false],
  ['::1', '[::1]', true],
  ['0:0:0:0:0:0:0:1', '[::1]', true],
  ['FE80::/10', '[fe80::1]', true],
  ['fd00::/8', '[fe80::1]', false],
  ['fd12:3456::/32', 'fd12:3456:7::1', true],
  ['fd12:3456::/129', 'fd12:3456::', false],
  ['127.0.0.1,localhost', '[::1]', false],
];
for (const [list, host, isCovered] of CASES) {
  test(`NO_PROXY "${list}" ${isCovered ? 'covers' : 'does not cover'} ${host}`, () => {
    assert.equal(bypassesProxy(list, host, 443), isCovered);
  });
}

const PORTS: readonly [list: string, host: string, port: number, isCovered: boolean][] = [
  ['example.com:8443', 'a.example.com', 8443, true],
  ['example.com:8443', 'a.example.com', 443, false],
  ['10.0.0.1:443', '10.0.0.1', 443, true],
  ['[fd00::7]:8883', 'fd00::7', 8883, true],
  ['[fd00::7]:8883', 'fd00::7', 443, false],
  ['[fd00::7]', 'fd00::7', 443, true],
];
for (const [list, host, port, isCovered] of PORTS) {
  test(`NO_PROXY "${list}" ${isCovered ? 'covers' : 'does not cover'} port ${port} of ${host}`, () => {
    assert.equal(bypassesProxy(list, host, port), isCovered);
  });
}

const proxy = { host: 'proxy.plant.example', port: 3128, user: undefined, password: undefined };

test('the way to each host is judged on its own, with the usual port of its scheme', () => {
  const env = { NO_PROXY: 'tunnels.example.com:443, mqtt.example.com:8883' };
  const route = new ProxyRoute({ proxy, isFromEnvironment: false, env });
  assert.equal(route.to('https://acme.example.com'), proxy);
  assert.equal(route.to('https://tunnels.example.com'), undefined);
  assert.equal(route.to('https://tunnels.example.com:8443'), proxy);
  assert.equal(route.to('mqtts://mqtt.example.com'), undefined);
  assert.equal(route.to('wss://mqtt.example.com/mqtt'), proxy);
});

test('only a proxy of the environment leaves loopback alone, and the small spelling of the list counts as well', () => {
  const loopback = 'https://127.0.0.1:8443';
  assert.equal(new ProxyRoute({ proxy, isFromEnvironment: true, env: {} }).to(loopback), undefined);
  assert.equal(new ProxyRoute({ proxy, isFromEnvironment: false, env: {} }).to(loopback), proxy);
  const env = { NO_PROXY: '', no_proxy: '127.0.0.0/8' };
  assert.equal(new ProxyRoute({ proxy, isFromEnvironment: false, env }).to(loopback), undefined);
});
