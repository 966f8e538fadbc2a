import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_ADDRESSES } from '../../../contract/limits.js';
import type { Conduit } from '../../../src/config/config.js';
import { decide } from '../../../src/policy/decide.js';
import { NO_SESSIONS, type Question, type SessionCounts } from '../../../src/policy/question.js';
import { GatewayAddresses } from '../../../src/policy/reach.js';
import { operationCases } from '../../helpers/operation-cases.js';
import { conduit, GATEWAY, question } from '../../helpers/policy-question.js';

const ALL = [{ from: 1, to: 65_535 }];
const OPEN = [conduit(10, '0.0.0.0/0', { ports: ALL }), conduit(20, '::/0', { ports: ALL })];

/** `c10: 10.0.5.7` when allowed, else the code and the sentence. */
function answer(conduits: readonly Conduit[], hostname: string, more: Partial<Question> = {}): string {
  const decision = decide(question(conduits, hostname, more));
  if (decision.kind === 'allow') return `${decision.conduit.name}: ${decision.addresses.join(' ')}`;
  return `${decision.code}: ${decision.sentence}`;
}

test('allows nothing without a conduit', () => {
  assert.equal(
    answer([], '10.0.5.7'),
    'policy-denied: 10.0.5.7:22 is not allowed: there is no conduit at all; add one with host 10.0.5.7 and port 22.',
  );
});

test('allows an address, a network and a name', () => {
  const conduits = [conduit(10, '10.0.5.7'), conduit(20, '10.0.6.0/24'), conduit(30, 'plc-1.plant.example')];
  assert.equal(answer(conduits, '10.0.5.7'), 'c10: 10.0.5.7');
  assert.equal(answer(conduits, '10.0.6.99'), 'c20: 10.0.6.99');
  assert.equal(answer(conduits, '::ffff:10.0.6.99'), 'c20: 10.0.6.99');
  assert.equal(
    answer(conduits, 'plc-1.plant.example', { addresses: ['10.9.9.9', 'fd00::9'] }),
    'c30: 10.9.9.9 fd00::9',
  );
  assert.match(
    answer(conduits, 'plc-2.plant.example', { addresses: ['10.9.9.9'] }),
    /^policy-denied: plc-2\.plant\.example:22 is not allowed: no conduit has this host; add one with host plc-2\.plant\.example \(10\.9\.9\.9\) and port 22\.$/,
  );
});

test('a name in the configuration is understood in any case, with a trailing dot, and international', () => {
  assert.equal(
    answer([conduit(10, 'PLC-1.Plant.')], 'plc-1.plant', { addresses: ['10.9.9.9'] }),
    'c10: 10.9.9.9',
  );
  const hostname = 'xn--bcher-kva.example';
  assert.equal(
    answer([conduit(10, 'Bücher.example')], hostname, { addresses: ['10.9.9.9'] }),
    'c10: 10.9.9.9',
  );
});

test('refuses a conduit whose host means nothing', () => {
  for (const host of [
    '',
    '10.0.0.1/8',
    '10.0.0.0/33',
    '10.0.5',
    '10.0.5.300',
    '*.plant',
    'a b',
    'a..b',
    'a/24',
    '-a',
  ]) {
    assert.throws(() => answer([conduit(10, host)], '10.0.5.7'), RangeError, host);
  }
});

test('the first conduit in file order that matches decides, with the addresses it matches', () => {
  const conduits = [conduit(10, '10.0.5.9'), conduit(20, '10.0.0.0/16'), conduit(30, '10.0.5.8')];
  const addresses = ['10.0.5.8', '10.0.5.9', '192.0.2.1'];
  assert.equal(answer(conduits, 'plc', { addresses }), 'c10: 10.0.5.9');
  assert.equal(answer(conduits.slice(1), 'plc', { addresses }), 'c20: 10.0.5.8 10.0.5.9');
  assert.equal(answer(conduits.slice(2), 'plc', { addresses }), 'c30: 10.0.5.8');
});

test('a conduit whose ports do not match is passed over and named when none does', () => {
  const ports = [
    { from: 80, to: 80 },
    { from: 8080, to: 8089 },
  ];
  const conduits = [conduit(10, '10.0.5.0/24', { ports })];
  for (const port of [80, 8080, 8089]) assert.equal(answer(conduits, '10.0.5.7', { port }), 'c10: 10.0.5.7');
  for (const port of [79, 81, 8079, 8090])
    assert.match(answer(conduits, '10.0.5.7', { port }), /^policy-denied/);
  assert.equal(
    answer(conduits, '10.0.5.7'),
    'policy-denied: 10.0.5.7:22 is not allowed: conduit "c10" (gatehouse.yaml:10) has the host but only the ports 80, 8080-8089; add 22 to them.',
  );
  assert.equal(answer([...conduits, conduit(20, '10.0.5.7')], '10.0.5.7'), 'c20: 10.0.5.7');
});

test('a child may use only the conduits of its targets', () => {
  const conduits = [conduit(10, '10.0.5.7'), conduit(20, '10.0.5.0/24')];
  const child = (targets: string[] | undefined) => ({
    child: { externalId: 'plc-3', name: 'PLC 3', targets },
  });
  assert.equal(answer(conduits, '10.0.5.7', child(undefined)), 'c10: 10.0.5.7');
  assert.equal(answer(conduits, '10.0.5.7', child(['c20'])), 'c20: 10.0.5.7');
  assert.equal(
    answer(conduits, '10.0.5.7', child(['other'])),
    'policy-denied: 10.0.5.7:22 is not allowed: conduit "c10" (gatehouse.yaml:10) allows it, but child "plc-3" may use only "other"; add "c10" to its targets.',
  );
  assert.match(answer(conduits, '10.0.5.7', child([])), /may use no conduit/);
});

test('an open conduit makes of every address of the data what is said there', () => {
  let seen = 0;
  for (const { name, expects } of operationCases()) {
    const { policy, hostname } = expects[0] ?? {};
    if (policy === undefined || hostname === undefined) continue;
    seen++;
    const got = answer(OPEN, hostname);
    if (policy === 'open') assert.match(got, /^c[12]0: /, name);
    else
      assert.match(
        got,
        policy === 'never' ? /^policy-denied.*never reached/ : /needs a conduit that names it/,
        name,
      );
  }
  assert.ok(seen > 20, `${seen} cases`);
});

test('never reaches what is never reached, even when a conduit names it', () => {
  for (const host of [
    '0.0.0.0',
    '169.254.169.254',
    '224.0.0.1',
    '255.255.255.255',
    '10.0.5.255',
    'fe80::1',
    '64:ff9b::7f00:1',
  ]) {
    assert.match(
      answer([conduit(10, host)], host),
      /^policy-denied: .*never reached, whatever a conduit says\.$/,
      host,
    );
    const byName = [conduit(10, 'plc')];
    assert.match(
      answer(byName, 'plc', { addresses: [host] }),
      new RegExp(`not allowed: it is ${host}, `),
      host,
    );
  }
});

test('reaches loopback only through a conduit that names it', () => {
  for (const host of ['127.0.0.1', '127.0.0.0/8', '127.0.0.0/30']) {
    assert.equal(answer([conduit(10, host)], '127.0.0.1'), 'c10: 127.0.0.1', host);
  }
  assert.equal(answer([conduit(10, '::1')], '::1'), 'c10: ::1');
  const localhost = { addresses: ['127.0.0.1', '::1'] };
  assert.equal(answer([conduit(10, 'localhost')], 'localhost', localhost), 'c10: 127.0.0.1 ::1');
  for (const host of ['0.0.0.0/0', '126.0.0.0/7', '127.0.0.2', '::/0', '::/127']) {
    assert.match(
      answer([conduit(10, host)], '127.0.0.1'),
      /127\.0\.0\.1 is a loopback address, which needs a conduit/,
    );
  }
});

test('a plant name that resolves to the gateway does not open the gateway', () => {
  const conduits = [conduit(10, 'plc'), conduit(20, '10.0.5.0/24')];
  assert.match(
    answer(conduits, 'plc', { addresses: ['127.0.0.1'] }),
    /127\.0\.0\.1 is a loopback address, which needs a conduit that names it, and conduit "c10" \(gatehouse\.yaml:10\) does not/,
  );
  assert.match(
    answer(conduits, 'plc', { addresses: ['10.0.5.1'] }),
    /10\.0\.5\.1 is an address of this gateway itself/,
  );
  assert.equal(answer([...conduits, conduit(30, '10.0.5.1')], '10.0.5.1'), 'c30: 10.0.5.1');
});

test('of a mixed answer only the permitted addresses are left', () => {
  const addresses = [
    '127.0.0.1',
    '169.254.169.254',
    '10.0.5.7',
    '::1',
    'nonsense',
    '10.0.5.7',
    '::ffff:10.0.5.7',
    '10.0.5.8',
  ];
  assert.equal(answer([conduit(10, 'plc')], 'plc', { addresses }), 'c10: 10.0.5.7 10.0.5.8');
  assert.match(answer([conduit(10, 'plc')], 'plc', { addresses: [] }), /it has no address/);
});

test('allows at most as many addresses as are dialled', () => {
  const addresses = Array.from({ length: 200 }, (_, i) => `10.1.0.${i}`);
  const decision = decide(question([conduit(10, 'plc')], 'plc', { addresses }));
  assert.ok(decision.kind === 'allow');
  assert.deepEqual(decision.addresses, addresses.slice(0, MAX_ADDRESSES));
});

test('never reaches the admin listener', () => {
  const named = ['127.0.0.1', '127.0.0.2', '10.0.5.1', '::1'].map((host, i) =>
    conduit(i, host, { ports: ALL }),
  );
  const deniedFor = (host: string) => {
    const gateway = new GatewayAddresses({ kind: 'tcp', host, port: 7980 }, ['10.0.5.1/24']);
    return named
      .filter((one) => answer(named, one.host, { gateway, port: 7980 }).includes('the admin listener'))
      .map((one) => one.host);
  };
  assert.deepEqual(deniedFor('127.0.0.1'), ['127.0.0.1']);
  assert.deepEqual(deniedFor('::ffff:127.0.0.1'), ['127.0.0.1']);
  assert.deepEqual(deniedFor('10.0.5.1'), ['10.0.5.1']);
  assert.deepEqual(deniedFor('[::1]'), ['::1']);
  for (const everywhere of ['0.0.0.0', '::', '[::]', 'localhost', '']) {
    assert.deepEqual(deniedFor(everywhere), ['127.0.0.1', '127.0.0.2', '10.0.5.1', '::1'], everywhere);
  }
  assert.match(answer(named, '127.0.0.1', { port: 7981, gateway: GATEWAY }), /^c0/);
  for (const adminListen of [{ kind: 'off' }, { kind: 'unix', path: '/run/x' }] as const) {
    const gateway = new GatewayAddresses(adminListen, []);
    assert.equal(answer(named, '127.0.0.1', { gateway, port: 7980 }), 'c0: 127.0.0.1');
  }
});

test('counts sessions in all, of the conduit and of the target', () => {
  const conduits = [conduit(10, 'plc', { maxSessions: 4 }), conduit(20, '10.0.5.7')];
  const addresses = ['10.0.5.7', '10.0.5.8'];
  const ask = (counts: Partial<SessionCounts>) =>
    answer(conduits, 'plc', { addresses, counts: { ...NO_SESSIONS, ...counts } });
  assert.equal(ask({ sessions: 99, ofConduit: () => 3, ofTarget: () => 9 }), 'c10: 10.0.5.7 10.0.5.8');
  assert.equal(
    ask({ sessions: 100 }),
    'limit-reached: All 100 sessions of this gateway are in use (limits.sessions); close one or raise the limit.',
  );
  assert.equal(
    ask({ ofConduit: (name) => (name === 'c10' ? 4 : 0) }),
    'limit-reached: All 4 sessions of conduit "c10" (gatehouse.yaml:10) are in use (maxSessions); close one or raise the limit.',
  );
  assert.equal(
    ask({ ofTarget: (address, port) => (address === '10.0.5.7' && port === 22 ? 10 : 0) }),
    'c10: 10.0.5.8',
  );
  assert.equal(
    ask({ ofTarget: () => 10 }),
    'limit-reached: All 10 sessions to plc:22 are in use (limits.sessionsPerTarget); close one or raise the limit.',
  );
});

test('knows the broadcast addresses of its own networks and passes over what is no address', () => {
  const own = [
    '10.1.0.1/16',
    '10.2.0.4/31',
    '10.3.0.9/32',
    '10.4.0.9',
    'fd00:9::1/64',
    'plc',
    '',
    '10.5.0.1/x',
  ];
  const gateway = new GatewayAddresses({ kind: 'off' }, own);
  const isBroadcast = (host: string) => answer(OPEN, host, { gateway }).includes('the broadcast address');
  const hosts = [
    '10.1.255.255',
    '10.1.0.255',
    '10.2.0.5',
    '10.3.0.9',
    '10.4.0.255',
    '10.5.0.255',
    'fd00:9::ffff',
  ];
  assert.deepEqual(hosts.filter(isBroadcast), ['10.1.255.255']);
});
