import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { LedgerEntry, readLedger, totals } from '../../soak/ledger.js';
import { parseOptions } from '../../soak/options.js';
import { SESSION_FAULTS, planOf } from '../../soak/plan.js';
import { slopePerHour } from '../../soak/sampler.js';
import { seeded } from '../../helpers/random.js';
import { SoakCheck, SoakStream, ownerOf } from '../../soak/stream.js';

describe('a stream of the soak', () => {
  test('is the same however it is cut', () => {
    const whole = new SoakStream(7, 'uplink').next(1_000);
    const cut = new SoakStream(7, 'uplink');
    const pieces = [0, 1, 15, 16, 17, 100, 851].map((length) => cut.next(length));
    assert.deepEqual(Buffer.concat(pieces), whole);
    assert.equal(cut.bytes, 1_000);
  });

  test('tells from its bytes whose they are, from any place on', () => {
    const stream = new SoakStream(4_711, 'downlink').next(200);
    for (let from = 0; from < 100; from += 1) {
      assert.deepEqual(ownerOf(stream.subarray(from)), { session: 4_711, kind: 'downlink', offset: from });
    }
    assert.equal(ownerOf(Buffer.alloc(100, 0x55)), undefined);
    assert.equal(ownerOf(stream.subarray(1, 16)), undefined, 'no whole block');
  });

  test('passes its check in pieces', () => {
    const stream = new SoakStream(1, 'uplink');
    const check = new SoakCheck(1, 'uplink');
    for (const length of [1, 70_000, 3]) check.take(stream.next(length));
    assert.deepEqual([check.bytes, check.fault, check.isCrossed], [70_004, undefined, false]);
  });

  for (const [what, wrong, crossed, pattern] of [
    [
      'of another session',
      new SoakStream(9, 'uplink').next(64),
      true,
      /byte 100: the bytes there are of session 9, uplink, byte 0$/,
    ],
    [
      'of the other direction',
      new SoakStream(1, 'downlink').next(64),
      false,
      /are of session 1, downlink, byte 0$/,
    ],
    [
      'that were skipped',
      new SoakStream(1, 'uplink').next(264).subarray(164),
      false,
      /are of session 1, uplink, byte 164$/,
    ],
    [
      'that are twice there',
      new SoakStream(1, 'uplink').next(100),
      false,
      /are of session 1, uplink, byte 0$/,
    ],
    ['of nobody', Buffer.alloc(64), false, /the bytes there are of nobody$/],
  ] as const) {
    test(`names bytes ${what}`, () => {
      const check = new SoakCheck(1, 'uplink');
      check.take(new SoakStream(1, 'uplink').next(100));
      check.take(wrong);
      assert.match(check.fault ?? '', pattern);
      assert.match(check.fault ?? '', /^session 1, uplink, byte 10\d: /);
      assert.equal(check.isCrossed, crossed);
    });
  }

  test('shows a single flipped bit', () => {
    const check = new SoakCheck(1, 'uplink');
    const bytes = Buffer.from(new SoakStream(1, 'uplink').next(500));
    bytes[321] = (bytes[321] ?? 0) ^ 1;
    check.take(bytes);
    assert.match(check.fault ?? '', /^session 1, uplink, byte 321: /);
  });
});

test('plans follow from the random numbers alone, and every fault has its turn', () => {
  const random = seeded(1);
  const faults = new Set(Array.from({ length: 500 }, (_, session) => planOf(session, random).fault));
  assert.deepEqual([...faults].sort(), Object.keys(SESSION_FAULTS).sort());
  assert.deepEqual(
    planOf(1, () => 0.5),
    planOf(1, () => 0.5),
  );
});

test('a slope is what a straight line grows by in an hour', () => {
  const minute = 60_000;
  assert.equal(slopePerHour([]), 0);
  assert.equal(slopePerHour([[0, 5]]), 0);
  assert.ok(
    Math.abs(
      slopePerHour([
        [0, 10],
        [minute, 11],
        [2 * minute, 12],
      ]) - 60,
    ) < 1e-9,
  );
  assert.ok(
    Math.abs(
      slopePerHour([
        [0, 1],
        [minute, 3],
        [2 * minute, 1],
      ]),
    ) < 1e-9,
  );
});

describe('the ledger', () => {
  const entry = {
    date: '2026-01-02T03:04:05.678Z',
    version: '0.1.0',
    commit: '0123456789+',
    node: '20.20.2',
    seed: 'one',
    isolation: 'process',
    minutes: 30,
    concurrentSessions: 40,
    sessions: 1_000,
    whole: 700,
    bytesVerified: 1_000_000,
    faults: { reload: 3 },
    lostToFaults: 10,
    slopes: { rssMiBPerHour: -0.5, heapMiBPerHour: 0, descriptorsPerHour: 0, handlesPerHour: 1 },
    wrongBytes: 0,
    crossed: 0,
    unexplained: 0,
    verdict: 'passed',
  } as const satisfies LedgerEntry;
  const text = (...entries: readonly object[]): string =>
    entries.map((one) => `${JSON.stringify(one)}\n`).join('');

  test('in the repository can be read, and its runs are in order', () => {
    const ledger = readFileSync(new URL('../../../../test/soak/ledger.jsonl', import.meta.url), 'utf8');
    assert.ok(ledger === '' || ledger.endsWith('\n'));
    for (const { sessions, whole, bytesVerified, verdict, wrongBytes } of readLedger(ledger)) {
      assert.ok(whole <= sessions && bytesVerified > 0);
      if (verdict === 'passed') assert.equal(wrongBytes, 0);
    }
  });

  test('counts the hours and bytes of runs that passed', () => {
    const later = { ...entry, date: '2026-01-03T03:04:05.678Z' };
    const entries = readLedger(text(entry, later, { ...later, verdict: 'failed' }));
    assert.deepEqual(totals(entries), { hours: 1, bytes: 2_000_000 });
  });

  test('takes no run that is older, malformed or tells more than it should', () => {
    assert.throws(
      () => readLedger(text(entry, { ...entry, date: '2025-01-01T00:00:00.000Z' })),
      /line 2 is older/,
    );
    assert.throws(() => readLedger(text({ ...entry, host: 'my-machine' })), /line 1: .*host/s);
    assert.throws(() => readLedger(text({ ...entry, bytesVerified: -1 })), /line 1: /);
  });
});

test('the command line has defaults that work, and says what is wrong', () => {
  const now = new Date(0);
  assert.deepEqual(parseOptions(['--minutes', '1', '--seed', 'x'], now), {
    minutes: 1,
    sessions: 40,
    isolation: 'process',
    seed: 'x',
    record: false,
  });
  assert.equal(parseOptions(['--help'], now), 'help');
  for (const argv of [
    ['--minutes', '0'],
    ['--minutes', 'x'],
    ['--sessions', '0'],
    ['--isolation', 'y'],
    ['--nope'],
  ]) {
    assert.throws(() => parseOptions(argv, now));
  }
});
