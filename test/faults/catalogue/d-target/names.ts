import assert from 'node:assert/strict';
import type { DnsAnswer } from '../../../helpers/dns-server.js';
import { assertWithin } from '../../rig/time.js';
import type { Rig } from '../../rig.js';

/** The plant, and a host in it. */
const PLANT = '10.7.0.0/16';
const HOST = '10.7.0.5';
const CONDUITS = [{ name: 'plant', host: PLANT, ports: ['*'] }];

function named(...hosts: readonly string[]): object[] {
  return hosts.map((host, index) => ({ name: `host-${index}`, host, ports: ['*'] }));
}

/** D01 */
export async function noSuchName(rig: Rig): Promise<void> {
  await rig.nameServer({
    'servfail.example': { rcode: 'SERVFAIL' },
    'refused.example': { rcode: 'REFUSED' },
    'empty.example': { a: [], aaaa: [] },
    'garbage.example': { garbage: true },
  });
  const hosts = [
    'nxdomain.example',
    'servfail.example',
    'refused.example',
    'empty.example',
    'garbage.example',
  ];
  const stand = await rig.start({ sections: { conduits: named(...hosts) } });
  for (const hostname of hosts) {
    const { ms, operation } = await stand.expectFailed('target-unresolved', { hostname, port: 22 });
    rig.figure(`${hostname} ms`, ms);
    assertWithin(ms, 3_000);
    assert.ok(operation.failureReason?.includes(hostname), operation.failureReason);
  }
  stand.ledger.assertOneFinalStatusEach();
}

/** D02: 500 names that no server answers for, and sessions to addresses beside them. */
export async function silentServer(rig: Rig): Promise<void> {
  const hosts = Array.from({ length: 500 }, (_, index) => `silent-${index}.example`);
  const silent: DnsAnswer = { silent: true };
  await rig.nameServer(Object.fromEntries(hosts.map((host) => [host, silent])));
  const conduits = [...named(...hosts), { name: 'loopback', host: '127.0.0.1', ports: ['*'] }];
  const stand = await rig.start({ sections: { conduits } });
  const target = await rig.target();
  await stand.expectEcho(target);
  const startedAt = performance.now();
  const ids = hosts.map((hostname) => stand.operate({ hostname, port: 22 }));
  for (let times = 0; times < 5; times++) {
    const beforeMs = performance.now();
    await stand.expectEcho(target);
    assertWithin(performance.now() - beforeMs, 1_000);
  }
  rig.figure('5 sessions beside them ms', performance.now() - startedAt);
  for (const id of ids) {
    const { failureReason = '' } = await stand.final(id);
    assert.match(failureReason, /^target-unresolved: /);
  }
  rig.figure('500 failed ms', performance.now() - startedAt);
  assertWithin(performance.now() - startedAt, 5_000);
  stand.ledger.assertOneFinalStatusEach();
}

/** D03 */
export async function strangeAnswers(rig: Rig): Promise<void> {
  rig.network.plant(PLANT);
  const many = Array.from({ length: 1_000 }, (_, index) => `10.7.${1 + (index >> 8)}.${index & 0xff}`);
  const server = await rig.nameServer({
    'truncated.example': { a: [HOST], truncated: true },
    'loop.example': { a: [], cnames: ['other.example', 'loop.example'] },
    'many.example': { a: many },
  });
  const stand = await rig.start({ sections: { conduits: CONDUITS } });
  const target = await rig.target(undefined, { host: HOST });
  await stand.expectEcho({ hostname: 'truncated.example', port: target.port });
  assert.ok(
    server.asked.filter((asked) => asked === 'A truncated.example').length >= 2,
    'it came over TCP, too',
  );
  await stand.expectFailed('target-unresolved', { hostname: 'loop.example', port: target.port });
  rig.network.rule('tcp dport 4321 tcp flags & (syn | ack) == syn counter');
  await stand.expectFailed('target-refused', { hostname: 'many.example', port: 4_321 });
  const dialled = rig.network.counted();
  rig.figure('addresses dialled', dialled);
  assert.equal(dialled, 16);
  stand.ledger.assertOneFinalStatusEach();
}

/** D04: what is dialled is what was checked; the answer of a later lookup would be the gateway itself. */
export async function rebinding(rig: Rig): Promise<void> {
  rig.network.plant(PLANT);
  const server = await rig.nameServer({
    'rebind.example': (type, before) =>
      type === 'AAAA' ? { aaaa: [] } : { a: [before === 0 ? HOST : '127.0.0.1'], ttl: 0 },
  });
  const stand = await rig.start({ sections: { conduits: CONDUITS } });
  const target = await rig.target(undefined, { host: HOST });
  const trap = await rig.target(undefined, { host: '127.0.0.1', port: target.port });
  await stand.expectEcho({ hostname: 'rebind.example', port: target.port });
  assert.equal(server.asked.filter((asked) => asked === 'A rebind.example').length, 1);
  await stand.expectFailed('policy-denied', { hostname: 'rebind.example', port: target.port });
  assert.equal(trap.connections.length, 0);
  stand.ledger.assertOneFinalStatusEach();
}

/** D05 */
export async function mixedAnswer(rig: Rig): Promise<void> {
  rig.network.plant(PLANT);
  rig.network.plant('10.99.0.0/16');
  await rig.nameServer({
    'mixed.example': { a: ['127.0.0.1', '10.99.0.1', HOST] },
    'denied.example': { a: ['127.0.0.1', '10.99.0.1', '169.254.169.254'] },
  });
  const stand = await rig.start({ sections: { conduits: CONDUITS } });
  const target = await rig.target(undefined, { host: HOST });
  const traps = await Promise.all(
    ['127.0.0.1', '10.99.0.1'].map((host) => rig.target(undefined, { host, port: target.port })),
  );
  await stand.expectEcho({ hostname: 'mixed.example', port: target.port });
  await stand.expectFailed('policy-denied', { hostname: 'denied.example', port: target.port });
  assert.deepEqual(
    traps.map(({ connections }) => connections.length),
    [0, 0],
  );
  stand.ledger.assertOneFinalStatusEach();
}

/** D06: either family dead, then both. */
export async function oneFamilyDead(rig: Rig): Promise<void> {
  rig.network.plant(PLANT);
  rig.network.plant('fd07::/64');
  // The other end needs an address of the same kind.
  rig.network.address('fd07::1/128');
  await rig.nameServer({ 'both.example': { a: [HOST], aaaa: ['fd07::5'] } });
  const stand = await rig.start({
    sections: { conduits: named('both.example'), limits: { connectTimeout: '2s' } },
  });
  const target = await rig.target(undefined, { host: '::' });
  const place = { hostname: 'both.example', port: target.port };
  for (const dead of ['ip', 'ip6']) {
    rig.network.rule(`meta nfproto ipv${dead === 'ip' ? 4 : 6} tcp dport ${target.port} drop`);
    const { operation, ms } = await stand.outcome(place);
    assert.equal(operation.status, 'SUCCESSFUL', `${dead}: ${operation.failureReason}`);
    rig.figure(`${dead} dead, open after ms`, ms);
    assertWithin(ms, 400);
    rig.network.clear();
  }
  rig.network.silence(target.port);
  const { ms } = await stand.expectFailed('target-timeout', place);
  rig.figure('both dead, given up after ms', ms);
  assert.ok(ms >= 1_900 && ms <= 3_100, `${ms} ms`);
  stand.ledger.assertOneFinalStatusEach();
}
