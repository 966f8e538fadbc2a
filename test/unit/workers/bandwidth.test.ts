import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharesOf } from '../../../src/supervisor/bandwidth-shares.js';
import { READ_STEPS } from '../../../workers/relay/pace.js';
import { Bandwidth, type Throttle } from '../../../workers/relay/bandwidth.js';

const KIB = 1_024;
const MIB = 1_048_576;

/** One direction of some sessions, driven in steps of 10 ms. */
class Line {
  nowMs = 0;
  readonly bandwidth = new Bandwidth(() => this.nowMs);
  readonly sessions: Bulk[] = [];

  add(bytesPerSecond = 0, readBytes = 16 * KIB): Bulk {
    const bulk = new Bulk(this.bandwidth, bytesPerSecond, readBytes);
    this.sessions.push(bulk);
    return bulk;
  }

  run(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += 10) {
      for (const session of this.sessions) session.readAll();
      this.bandwidth.serve();
    }
  }
}

/** A session that always has something to read; at most 8 MiB at a time, as no socket is faster. */
class Bulk {
  bytes = 0;
  isFree = true;
  readonly throttle: Throttle;

  constructor(
    line: Bandwidth,
    bytesPerSecond: number,
    readonly readBytes: number,
  ) {
    this.throttle = line.throttle(bytesPerSecond, () => (this.isFree = true));
  }

  readAll(): void {
    const bytes = Math.min(this.readBytes, READ_STEPS[this.throttle.step] ?? 0);
    for (let read = 0; read < 8 * MIB && this.isFree; read += bytes) this.read(bytes);
  }

  read(bytes: number): void {
    this.bytes += bytes;
    this.isFree = this.throttle.moved(bytes);
  }
}

/** Equal but for a fifth: how much one has at a moment depends on the size of its reads. */
function isFair(...bytes: readonly number[]): void {
  assert.ok(Math.max(...bytes) < 1.2 * Math.min(...bytes), bytes.join(' '));
}

function isAbout(bytes: number, expected: number): void {
  assert.ok(Math.abs(bytes - expected) < expected / 10, `${bytes} bytes, not about ${expected}`);
}

test('without a limit nobody waits', () => {
  const line = new Line();
  const bulk = line.add();
  line.run(100);
  assert.ok(bulk.bytes >= 10 * 8 * MIB);
});

test('a session keeps to its own rate, whatever the size of its reads', () => {
  for (const readBytes of [100, 16 * KIB, 208 * KIB]) {
    const line = new Line();
    const bulk = line.add(MIB, readBytes);
    line.run(10_000);
    isAbout(bulk.bytes, 10 * MIB);
  }
});

test('sessions that always want more get equal parts of the rate of all, however large their reads are', () => {
  const line = new Line();
  line.bandwidth.limit(4 * MIB);
  const [small, large, late] = [line.add(0, 4 * KIB), line.add(0, 208 * KIB), line.add()];
  late.isFree = false;
  line.run(10_000);
  isAbout(small.bytes + large.bytes, 40 * MIB);
  isFair(small.bytes, large.bytes);
  // One that comes later is owed nothing and owes nothing.
  late.isFree = true;
  const before = [small.bytes, large.bytes];
  line.run(9_000);
  isFair(late.bytes, small.bytes - (before[0] ?? 0), large.bytes - (before[1] ?? 0));
});

test('what a session with a rate of its own leaves goes to the others', () => {
  const line = new Line();
  line.bandwidth.limit(4 * MIB);
  const [slow, fast, other] = [line.add(MIB / 2), line.add(), line.add()];
  line.run(10_000);
  isAbout(slow.bytes, 5 * MIB);
  isAbout(fast.bytes, 17.5 * MIB);
  isAbout(other.bytes, 17.5 * MIB);
});

test('a session that moves little is never held up by bulk copies', () => {
  const line = new Line();
  line.bandwidth.limit(MIB);
  for (let copies = 0; copies < 20; copies += 1) line.add();
  const keys = new Bulk(line.bandwidth, 0, 100);
  for (let stroke = 0; stroke < 500; stroke += 1) {
    line.run(20);
    assert.ok(keys.isFree, `stroke ${stroke}`);
    keys.read(100);
    assert.ok(keys.isFree, `stroke ${stroke}`);
  }
});

test('a lower rate holds at once, and without one everybody goes on', () => {
  const line = new Line();
  line.bandwidth.limit(4 * MIB);
  const bulk = line.add();
  line.run(5_000);
  line.bandwidth.limit(MIB);
  const before = bulk.bytes;
  line.run(5_000);
  isAbout(bulk.bytes - before, 5 * MIB);
  line.bandwidth.limit(0);
  line.run(10);
  assert.ok(bulk.isFree);
});

test('a session that ends while it waits is not woken, and gives back what was set aside for it', () => {
  const line = new Line();
  line.bandwidth.limit(MIB);
  const [gone, stays] = [line.add(), line.add()];
  line.run(100);
  gone.throttle.end();
  gone.isFree = false;
  line.run(10_000);
  assert.ok(!gone.isFree);
  isAbout(stays.bytes, 10 * MIB);
});

test('workers get what they need of a rate, and those in which sessions wait the rest by how many do', () => {
  const quiet = { bytes: 0, waiting: 0 };
  const shares = (limit: number, ...demands: Parameters<typeof sharesOf>[1]): readonly number[] => {
    const all = sharesOf(limit, demands, 100);
    const sum = all.reduce((total, one) => total + one, 0);
    assert.ok(Math.abs(sum - limit) < 1e-6 * limit, `${all.join(' + ')} = ${limit}`);
    for (const one of all) assert.ok(one > 0);
    return all;
  };
  assert.deepEqual(shares(1_000, quiet, quiet), [500, 500]);
  const [one = 0, three = 0] = shares(1_000, { bytes: 50, waiting: 1 }, { bytes: 50, waiting: 3 });
  isAbout(three / one, 3);
  const [light = 0, heavy = 0] = shares(1_000, { bytes: 10, waiting: 0 }, { bytes: 90, waiting: 2 });
  assert.ok(light >= 150 && heavy >= 800, `${light} ${heavy}`);
  // Together they use more than there is: none of them is left without.
  shares(1_000, { bytes: 90, waiting: 0 }, { bytes: 90, waiting: 0 }, { bytes: 1, waiting: 5 });
});
