import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { GatehouseError, type FailureCode } from '../../../contract/failure.js';
import { MAX_ADDRESSES } from '../../../contract/limits.js';
import { HostsFile, MAX_HOSTS_BYTES, parseHosts } from '../../../src/names/hosts-file.js';
import { LookupGate } from '../../../src/names/lookup-gate.js';
import { decide } from '../../../src/policy/decide.js';
import { Resolver, type ResolverOptions } from '../../../src/names/resolver.js';
import { DnsServer, type DnsScript } from '../../helpers/dns-server.js';
import { conduit, question } from '../../helpers/policy-question.js';

const FOLDER = mkdtempSync(path.join(tmpdir(), 'gatehouse-resolver-'));
after(() => rmSync(FOLDER, { recursive: true }));

/** A resolver that knows only the scripted server, and that server. */
async function scripted(t: TestContext, script: DnsScript, options: ResolverOptions = {}) {
  const server = await DnsServer.listen(script);
  const hostsFile = path.join(FOLDER, 'none');
  const resolver = new Resolver({ servers: [server.address], hostsFile, ...options });
  t.after(async () => {
    resolver.close();
    await server.close();
  });
  return { server, resolver };
}

async function failure(promise: Promise<unknown>, code: FailureCode = 'target-unresolved'): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof GatehouseError, String(error));
    assert.equal(error.code, code);
    return error.message;
  }
  assert.fail('resolved');
}

test('takes literals and localhost as they are and asks nobody', async (t) => {
  const { server, resolver } = await scripted(t, {});
  assert.deepEqual(await resolver.resolve('10.0.5.7'), { addresses: ['10.0.5.7'] });
  assert.deepEqual(await resolver.resolve('fd00::67'), { addresses: ['fd00::67'] });
  for (const host of ['localhost', 'plc.localhost']) {
    assert.deepEqual(await resolver.resolve(host), { addresses: ['127.0.0.1', '::1'] });
  }
  assert.deepEqual(server.asked, []);
});

test('finds the addresses of both families, IPv4 first', async (t) => {
  const { server, resolver } = await scripted(t, {
    both: { a: ['10.0.5.7', '10.0.5.8'], aaaa: ['fd00::67'] },
    'four.plant.example': { a: ['10.0.5.7'] },
    six: { aaaa: ['fd00::67'] },
    alias: { cnames: ['other.example', 'both.example'], a: ['10.0.5.7'] },
  });
  assert.deepEqual(await resolver.resolve('both'), { addresses: ['10.0.5.7', '10.0.5.8', 'fd00::67'] });
  assert.deepEqual(server.asked.toSorted(), ['A both', 'AAAA both']);
  assert.deepEqual(await resolver.resolve('four.plant.example'), { addresses: ['10.0.5.7'] });
  assert.deepEqual(await resolver.resolve('six'), { addresses: ['fd00::67'] });
  assert.deepEqual(await resolver.resolve('alias'), { addresses: ['10.0.5.7'] });
});

test('uses the family that answers when the other one is silent, refused or broken', async (t) => {
  for (const other of [{ silent: true }, { rcode: 'SERVFAIL' }, { rcode: 'NXDOMAIN' }] as const) {
    const { resolver } = await scripted(t, {
      four: (type) => (type === 'A' ? { a: ['10.0.5.7'] } : other),
      six: (type) => (type === 'AAAA' ? { aaaa: ['fd00::67'] } : other),
    });
    assert.deepEqual(await resolver.resolve('four'), { addresses: ['10.0.5.7'] });
    assert.deepEqual(await resolver.resolve('six'), { addresses: ['fd00::67'] });
  }
});

test('says that a name does not exist, has no address, or that the server failed', async (t) => {
  const { server, resolver } = await scripted(t, {
    empty: {},
    servfail: { rcode: 'SERVFAIL' },
    refused: { rcode: 'REFUSED' },
    garbage: { garbage: true },
    loop: { cnames: ['loop2', 'loop', 'loop2'] },
  });
  const asked = `asked ${server.address}`;
  assert.equal(
    await failure(resolver.resolve('plc-1.plant')),
    `There is no host named plc-1.plant (${asked}); check the name, or add it to /etc/hosts.`,
  );
  assert.match(await failure(resolver.resolve('plc-1')), /check the name with its domain/);
  assert.equal(
    await failure(resolver.resolve('empty')),
    `The name empty has no address (${asked}); check its DNS entry.`,
  );
  assert.match(
    await failure(resolver.resolve('servfail')),
    /could not answer for servfail: ESERVFAIL \(asked /,
  );
  assert.match(await failure(resolver.resolve('refused')), /could not answer for refused: EREFUSED/);
  await failure(resolver.resolve('garbage'));
  await failure(resolver.resolve('loop'));
});

test('says that the name server is silent, after the deadline', async (t) => {
  const { server, resolver } = await scripted(t, { silent: { silent: true } }, { deadlineMs: 300 });
  assert.match(
    await failure(resolver.resolve('silent')),
    new RegExp(
      `^No answer from the name server for silent in \\d\\.\\d s \\(asked ${server.address}\\); check`,
    ),
  );
});

test('says that nothing listens where the name server should be', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  const resolver = new Resolver({ servers: [`127.0.0.1:${port}`], hostsFile: path.join(FOLDER, 'none') });
  assert.match(await failure(resolver.resolve('plc')), /could not answer for plc: ECONNREFUSED|No answer/);
});

test('500 silent names hold up neither a literal, the hosts file nor each other', async (t) => {
  const hostsFile = path.join(FOLDER, 'hosts-500');
  writeFileSync(hostsFile, '10.0.5.7 plc\n');
  const script = Object.fromEntries(
    Array.from({ length: 500 }, (_, i) => [`s${i}`, { silent: true } as const]),
  );
  const { resolver } = await scripted(t, script, { deadlineMs: 2_000, hostsFile });
  let failed = 0;
  const silent = Object.keys(script).map((name) => failure(resolver.resolve(name)).then(() => failed++));
  assert.deepEqual(await resolver.resolve('10.0.5.7'), { addresses: ['10.0.5.7'] });
  assert.deepEqual(await resolver.resolve('plc'), { addresses: ['10.0.5.7'] });
  assert.equal(failed, 0);
  await Promise.all(silent);
  assert.equal(failed, 500);
});

test('comes over TCP for a truncated answer and keeps a bounded part of 1,000 records', async (t) => {
  const a = Array.from({ length: 1_000 }, (_, i) => `10.1.${i >> 8}.${i & 255}`);
  const { server, resolver } = await scripted(t, {
    many: { a },
    short: { a: ['10.0.5.7'], truncated: true },
  });
  assert.deepEqual(await resolver.resolve('short'), { addresses: ['10.0.5.7'] });
  assert.ok(server.asked.filter((one) => one === 'A short').length >= 2);
  const { addresses } = await resolver.resolve('many');
  assert.equal(addresses.length, MAX_ADDRESSES);
  assert.ok(addresses.every((address) => a.includes(address)));
});

test('the addresses that were judged are the ones of one lookup, however the name flips', async (t) => {
  const flip: DnsScript = {
    rebinding: (_, before) => (before % 2 === 0 ? { a: ['10.0.5.7'] } : { a: ['127.0.0.1'], aaaa: ['::1'] }),
  };
  const { server, resolver } = await scripted(t, flip);
  const conduits = [conduit(10, '10.0.5.0/24'), conduit(20, 'rebinding')];
  const outcomes = [];
  for (let i = 0; i < 20; i++) {
    const before = server.asked.filter((one) => one === 'A rebinding').length;
    const { addresses } = await resolver.resolve('rebinding');
    assert.equal(server.asked.filter((one) => one === 'A rebinding').length, before + 1, 'one lookup');
    const decision = decide(question(conduits, 'rebinding', { addresses }));
    outcomes.push(decision.kind === 'allow' ? decision.addresses.join() : decision.code);
  }
  assert.deepEqual(new Set(outcomes), new Set(['10.0.5.7', 'policy-denied']));
});

test('of a mixed answer the denied addresses are dropped', async (t) => {
  const { resolver } = await scripted(t, {
    mixed: { a: ['127.0.0.1', '10.0.5.7', '169.254.169.254'], aaaa: ['::1'] },
  });
  const { addresses } = await resolver.resolve('mixed');
  assert.equal(addresses.length, 4);
  const decision = decide(question([conduit(10, 'mixed')], 'mixed', { addresses }));
  assert.deepEqual(decision.kind === 'allow' && decision.addresses, ['10.0.5.7']);
});

test('callers at the same time share one lookup; later ones ask again', async (t) => {
  const { server, resolver } = await scripted(t, { plc: { a: ['10.0.5.7'], ttl: 3_600 } });
  const all = await Promise.all(Array.from({ length: 50 }, () => resolver.resolve('plc')));
  assert.ok(all.every(({ addresses }) => addresses.join() === '10.0.5.7'));
  assert.equal(server.asked.length, 2);
  await resolver.resolve('plc');
  assert.equal(server.asked.length, 4);
});

test('keeps an answer for its TTL and at most 60 s, only where asked to', async (t) => {
  let now = 0;
  const options = { now: () => now };
  const script: DnsScript = {
    long: { a: ['192.0.2.1'], ttl: 3_600 },
    short: { a: ['192.0.2.2'], ttl: 5 },
    zero: { a: ['192.0.2.3'], ttl: 0 },
  };
  const { server, resolver } = await scripted(t, script, options);
  const lookups = async (host: string, at: number) => {
    now = at;
    const before = server.asked.filter((one) => one === `A ${host}`).length;
    await resolver.resolve(host, { cached: true });
    return server.asked.filter((one) => one === `A ${host}`).length - before;
  };
  assert.deepEqual(
    [await lookups('long', 0), await lookups('long', 59_999), await lookups('long', 60_000)],
    [1, 0, 1],
  );
  assert.deepEqual(
    [await lookups('short', 0), await lookups('short', 4_999), await lookups('short', 5_000)],
    [1, 0, 1],
  );
  assert.deepEqual([await lookups('zero', 0), await lookups('zero', 0)], [1, 1]);
  const before = server.asked.length;
  await resolver.resolve('long');
  assert.equal(server.asked.length, before + 2, 'a target is always looked up');
});

test('gives up for the caller that aborts, not for the one beside it', async (t) => {
  const { resolver } = await scripted(t, { slow: { a: ['10.0.5.7'], delayMs: 200 } });
  const aborting = new AbortController();
  const first = failure(resolver.resolve('slow', { signal: aborting.signal }), 'cancelled');
  const second = resolver.resolve('slow', { signal: new AbortController().signal });
  aborting.abort();
  assert.equal(await first, 'The lookup of slow was given up.');
  assert.deepEqual(await second, { addresses: ['10.0.5.7'] });
  await failure(resolver.resolve('slow', { signal: AbortSignal.abort() }), 'cancelled');
});

test('close fails what is running and what comes later', async (t) => {
  const names = Array.from({ length: 300 }, (_, i) => `s${i}`);
  const { resolver } = await scripted(
    t,
    Object.fromEntries(names.map((name) => [name, { silent: true } as const])),
  );
  const running = names.map((name) => failure(resolver.resolve(name), 'cancelled'));
  resolver.close();
  await Promise.all(running);
  await failure(resolver.resolve('s0'), 'cancelled');
});

test('the hosts file comes before DNS and is read again once it changes', async (t) => {
  const hostsFile = path.join(FOLDER, 'hosts');
  const { server, resolver } = await scripted(t, { plc: { a: ['10.0.5.7'] } }, { hostsFile });
  assert.deepEqual(await resolver.resolve('plc'), { addresses: ['10.0.5.7'] });
  writeFileSync(hostsFile, '10.0.6.1 plc\nfd00::1 plc\n');
  assert.deepEqual(await resolver.resolve('plc'), { addresses: ['10.0.6.1', 'fd00::1'] });
  writeFileSync(hostsFile, '10.0.6.2 plc\nfd00::2 plc\n');
  utimesSync(hostsFile, 1, 1);
  assert.deepEqual(await resolver.resolve('plc'), { addresses: ['10.0.6.2', 'fd00::2'] });
  rmSync(hostsFile);
  assert.deepEqual(await resolver.resolve('plc'), { addresses: ['10.0.5.7'] });
  assert.equal(server.asked.length, 4);
});

test('reads hosts files as they are found', () => {
  const text =
    '# comment\n127.0.0.1\tlocalhost\r\n 10.0.5.7  PLC-1.Plant. plc-1 # the press\n10.0.5.8 plc-1\n10.0.5.8 plc-1\n' +
    'fe80::1%eth0 zone\nnonsense plc-2\n10.0.5 plc-3\n10.0.5.9\n\n::1 __proto__ constructor';
  assert.deepEqual(Object.fromEntries([...parseHosts(text)].filter(([name]) => name !== '__proto__')), {
    localhost: ['127.0.0.1'],
    'plc-1.plant': ['10.0.5.7'],
    'plc-1': ['10.0.5.7', '10.0.5.8'],
    constructor: ['::1'],
  });
});

test('a hosts file that is missing, a folder, a device or too large has no names', async () => {
  const large = path.join(FOLDER, 'large');
  writeFileSync(large, '10.0.5.7 plc\n'.padEnd(MAX_HOSTS_BYTES + 1, '#'));
  for (const file of [path.join(FOLDER, 'missing'), FOLDER, '/dev/zero', large]) {
    assert.deepEqual(await new HostsFile(file).lookup('plc'), [], file);
  }
});

test('the gate lets in as many as fit, then one for each that leaves, and turns away beyond its line', async () => {
  const gate = new LookupGate(1, 1);
  assert.equal(await gate.enter(0), true);
  const second = gate.enter(60_000);
  assert.equal(await gate.enter(60_000), false);
  gate.leave();
  assert.equal(await second, true);
  assert.equal(await gate.enter(1), false, 'its time is over');
  gate.leave();
  assert.equal(await gate.enter(0), true);
});
