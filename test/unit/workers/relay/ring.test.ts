import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ring } from '../../../../workers/relay/ring.js';
import { SlotPool, type Slot } from '../../../../workers/relay/slot-pool.js';
import { FakeSink, fakeSource } from '../../../helpers/fake-socket.js';

const LIMIT = 100_000;

function rig(bootstrapBytes = 20_000): {
  readonly pool: SlotPool;
  readonly ring: Ring;
  readonly sink: FakeSink;
  readonly source: ReturnType<typeof fakeSource>;
  readonly fill: (text: string, payloadBytes?: number) => Slot;
} {
  const pool = new SlotPool();
  const source = fakeSource();
  const ring = new Ring(pool, source.source, bootstrapBytes);
  const fill = (text: string, payloadBytes = text.length): Slot => {
    const slot = pool.take(payloadBytes, ring);
    slot.length = slot.memory.write(text);
    slot.payloadBytes = payloadBytes;
    return slot;
  };
  return { pool, ring, sink: new FakeSink(), source, fill };
}

test('what is read before the sink is up goes out first and in order', () => {
  const { ring, sink, fill } = rig();
  ring.put(fill('one '));
  ring.put(fill('two '));
  ring.open(sink.asSocket(), LIMIT);
  ring.put(fill('three'));
  sink.complete();
  assert.equal(sink.taken().toString(), 'one two three');
  assert.equal(ring.deliveredBytes, 13);
  assert.equal(ring.waitingBytes, 0);
});

test('single bytes are charged with the memory they hold, so that they cannot pile up', () => {
  const { ring, fill } = rig(20_000);
  let taken = 1;
  while (ring.put(fill('x'))) taken += 1;
  assert.equal(taken, 5);
  assert.ok(ring.isPaused);
  assert.ok(ring.waitingBytes >= 20_000 && ring.waitingBytes < 20_000 + 8_192);
});

test('the source pauses at the limit and is resumed once at half of it', () => {
  const { ring, sink, source, fill } = rig();
  ring.open(sink.asSocket(), LIMIT);
  let puts = 1;
  while (ring.put(fill('x', 16_384))) puts += 1;
  assert.equal(puts, 7);
  sink.complete(3);
  assert.equal(source.resumed, 0);
  sink.complete(1);
  assert.equal(source.resumed, 1);
  sink.complete();
  assert.equal(source.resumed, 1);
});

test('a full bootstrap buffer is resumed when the sink comes with a larger limit', () => {
  const { ring, sink, source, fill } = rig(5_000);
  while (ring.put(fill('x')));
  ring.open(sink.asSocket(), LIMIT);
  assert.equal(source.resumed, 1);
});

test('after 256 KiB the others get a turn, and then the source goes on', async () => {
  const { ring, sink, source } = rig();
  ring.open(sink.asSocket(), 10_000_000);
  const { pool } = { pool: new SlotPool() };
  let mayGoOn = true;
  let bytes = 0;
  while (mayGoOn) {
    const slot = pool.take(65_536, ring);
    slot.length = 65_536;
    bytes += slot.length;
    mayGoOn = ring.put(slot);
  }
  assert.equal(bytes, 262_144);
  assert.equal(source.resumed, 0);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(source.resumed, 1);
});

test('a turn that is over does not resume a source whose sink is full', async () => {
  const { ring, sink, source, fill } = rig();
  ring.open(sink.asSocket(), 300_000);
  let mayGoOn = true;
  while (mayGoOn) {
    const slot = fill('x', 65_536);
    slot.length = 65_536;
    mayGoOn = ring.put(slot);
  }
  ring.put(fill('x', 65_536));
  assert.ok(ring.isPaused);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(source.resumed, 0);
});

test('no slot is used again before its write has completed', () => {
  const { ring, pool, sink, fill } = rig();
  ring.open(sink.asSocket(), LIMIT);
  const first = fill('first');
  ring.put(first);
  const second = fill('second');
  assert.notEqual(second.memory, first.memory);
  ring.put(second);
  // FakeSink compares the memory at completion with what was handed over.
  sink.complete(1);
  assert.equal(pool.take(1, ring).memory, first.memory);
  sink.complete();
  assert.equal(sink.taken().toString(), 'firstsecond');
});

test('a write that failed gives its slot back and is not counted as delivered', () => {
  const { ring, sink, fill } = rig();
  ring.open(sink.asSocket(), LIMIT);
  ring.put(fill('lost'));
  sink.complete(1, new Error('EPIPE'));
  assert.equal(ring.deliveredBytes, 0);
  assert.equal(ring.waitingBytes, 0);
});

test('discarding gives up what is held and lets the source flow', () => {
  const { ring, source, fill } = rig(4_000);
  ring.put(fill('x'));
  assert.ok(ring.isPaused);
  ring.discard();
  assert.equal(ring.waitingBytes, 0);
  assert.equal(source.resumed, 1);
});

test('discarding leaves what is on its way alone', () => {
  const { ring, sink, fill } = rig();
  ring.open(sink.asSocket(), LIMIT);
  ring.put(fill('on its way'));
  ring.discard();
  sink.complete();
  assert.equal(sink.taken().toString(), 'on its way');
});

test('an exception at completion goes to the session, not to the thread', () => {
  const { ring, sink, source, pool, fill } = rig();
  ring.open(sink.asSocket(), LIMIT);
  const slot = fill('x');
  ring.put(slot);
  pool.give(slot);
  slot.owner = ring;
  sink.complete();
  assert.match(String(source.exceptions[0]), /given back twice/);
});
