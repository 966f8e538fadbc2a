import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Conduit } from '../../../src/config/config.js';
import { ConduitTable } from '../../../src/policy/conduit-table.js';
import { decide } from '../../../src/policy/decide.js';
import { conduit, question } from '../../helpers/policy-question.js';

/** mulberry32: the same numbers on every run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** The bits of an address, in a way that has nothing in common with the code under test. */
function bitsOf(text: string): string {
  if (!text.includes(':')) {
    return text
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
  }
  const [head = '', tail = ''] = text.split('::');
  const parts = (half: string) => (half === '' ? [] : half.split(':'));
  const zeros = 8 - parts(head).length - parts(tail).length;
  return [...parts(head), ...Array.from({ length: zeros }, () => '0'), ...parts(tail)]
    .map((part) => parseInt(part, 16).toString(2).padStart(16, '0'))
    .join('');
}

function hostMatches(host: string, hostname: string, address: string): boolean {
  if (!/[:/]|^[0-9.]+$/.test(host)) return host === hostname;
  const [base = '', prefix] = host.split('/');
  const [a, b] = [bitsOf(base), bitsOf(address)];
  return (
    a.length === b.length && a.slice(0, Number(prefix ?? a.length)) === b.slice(0, Number(prefix ?? a.length))
  );
}

/** What the contract says, read from the top to the bottom. All addresses here are ordinary ones. */
function oracle(
  conduits: readonly Conduit[],
  hostname: string,
  addresses: readonly string[],
  port: number,
): string {
  for (const one of conduits) {
    const matched = addresses.filter((address) => hostMatches(one.host, hostname, address));
    const hasPort = one.ports.some(({ from, to }) => port >= from && port <= to);
    if (matched.length > 0 && hasPort) return `${one.name}: ${matched.join(' ')}`;
  }
  return 'denied';
}

/** Few values, so that many conduits meet: 10.0.x.y, fd00::x:y and names. */
function address(below: (n: number) => number): string {
  const [x, y] = [below(4), 2 + below(6)];
  return below(3) === 0 ? `fd00::${x + 1}:${y}` : `10.0.${x}.${y}`;
}

function host(below: (n: number) => number): string {
  switch (below(6)) {
    case 0:
      return `plc-${below(5)}`;
    case 1:
      return `10.0.${below(4)}.0/24`;
    case 2:
      return `10.0.0.0/${[16, 22, 23][below(3)] ?? 16}`;
    case 3:
      return `fd00::${1 + below(4)}:0/${[112, 125][below(2)] ?? 112}`;
    case 4:
      return ['0.0.0.0/0', '::/0', 'fd00::/8', '10.0.2.4/30'][below(4)] ?? '::/0';
    default:
      return address(below);
  }
}

function ports(below: (n: number) => number) {
  const from = 1 + below(20);
  return [
    { from, to: from + below(12) },
    { from: 22, to: 22 - below(2) },
  ];
}

test('decides as a walk through the file does', () => {
  let allowed = 0;
  for (let seed = 1; seed <= 2_000; seed++) {
    const below = random(seed);
    const conduits = Array.from({ length: below(9) }, (_, i) =>
      conduit(i + 1, host(below), { ports: ports(below) }),
    );
    const isName = below(2) === 0;
    const addresses = [...new Set(Array.from({ length: isName ? 1 + below(4) : 1 }, () => address(below)))];
    const hostname = isName ? `plc-${below(5)}` : (addresses[0] ?? '');
    const port = 1 + below(24);
    const expected = oracle(conduits, hostname, addresses, port);
    const decision = decide(question(conduits, hostname, { addresses, port }));
    const got =
      decision.kind === 'allow' ? `${decision.conduit.name}: ${decision.addresses.join(' ')}` : 'denied';
    assert.equal(got, expected, `seed ${seed}`);
    if (decision.kind === 'allow') allowed++;
  }
  assert.ok(allowed > 300 && allowed < 1_700, `${allowed} of 2000 allowed: the walk sees both`);
});

test('looks at a few conduits of ten thousand', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => conduit(i + 1, `10.${i >> 8}.${i & 255}.0/24`));
  const table = new ConduitTable([...many, conduit(10_001, '10.0.0.0/8'), conduit(10_002, 'plc')]);
  const decision = decide(question(table, '10.39.15.7'));
  assert.ok(decision.kind === 'allow');
  assert.equal(decision.conduit.source.line, 39 * 256 + 15 + 1);
  const candidates = table.candidates('plc', []);
  assert.deepEqual(
    candidates.map(({ prepared }) => prepared.index),
    [10_001],
  );
});
