import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RelayMemory } from '../../../../workers/relay/memory.js';
import { MAX_READ_BYTES } from '../../../../workers/relay/pace.js';
import { Ring } from '../../../../workers/relay/ring.js';
import { sharesOf } from '../../../../workers/relay/share.js';
import type { Slot, SlotPool } from '../../../../workers/relay/slot-pool.js';
import { FakeSink, fakeSource } from '../../../helpers/fake-socket.js';

const LIMIT = sharesOf(262_144, false).uplink;

function rig(bootstrapBytes = 20_000): {
  readonly pool: SlotPool;
  readonly ring: Ring;
  readonly sink: FakeSink;
  readonly source: ReturnType<typeof fakeSource>;
  readonly fill: (text: string, payloadBytes?: number) => Slot;
  /** Moves bytes that the sink takes at once, until reads are as large as they get. */
  readonly speedUp: () => void;
} {
  const memory = new RelayMemory(() => 0);
  const { pool } = memory;
  const source = fakeSource();
  const ring = new Ring(memory, source.source, bootstrapBytes);
  const sink = new FakeSink();
  const fill = (text: string, payloadBytes = text.length): Slot => {
    const slot = pool.take(payloadBytes, ring);
    slot.length = slot.memory.write(text);
    slot.payloadBytes = payloadBytes;
    return slot;
  };
  const speedUp = (): void => {
    while (ring.nextReadBuffer().length < MAX_READ_BYTES) {
      ring.put(full(fill));
      sink.complete();
    }
    source.resumed = 0;
  };
  return { pool, ring, sink, source, fill, speedUp };
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

test('the source pauses while there is no room for another read, and is resumed once', () => {
  const { ring, sink, source, fill } = rig();
  ring.open(sink.asSocket(), LIMIT);
  assert.equal(ring.put(fill('one', 16_000)), true);
  assert.equal(ring.put(fill('two', 16_000)), false);
  assert.equal(source.resumed, 0);
  sink.complete(1);
  assert.equal(source.resumed, 1);
  sink.complete();
  assert.equal(source.resumed, 1);
});

test('a sink that is fast gets larger reads, and never more than the limit in flight', () => {
  const { ring, sink, fill, speedUp } = rig();
  ring.open(sink.asSocket(), LIMIT);
  assert.equal(ring.nextReadBuffer().length, 16_376);
  speedUp();
  assert.equal(ring.nextReadBuffer().length, 212_888);
  assert.equal(ring.put(full(fill)), false);
  assert.ok(ring.waitingBytes <= LIMIT.aloneBytes);
});

test('a full bootstrap buffer is resumed when the sink comes with a larger limit', () => {
  const { ring, sink, source, fill } = rig(5_000);
  while (ring.put(fill('x')));
  ring.open(sink.asSocket(), LIMIT);
  assert.equal(source.resumed, 1);
});

test('after one large read the others get a turn, and then the source goes on', async () => {
  const { ring, sink, source, fill, speedUp } = rig();
  ring.open(sink.asSocket(), LIMIT);
  speedUp();
  await turn();
  source.resumed = 0;
  assert.equal(ring.put(full(fill)), false);
  sink.complete();
  assert.equal(source.resumed, 0);
  await turn();
  assert.equal(source.resumed, 1);
});

test('a turn that is over does not resume a source whose sink is full', async () => {
  const { ring, sink, source, fill, speedUp } = rig();
  ring.open(sink.asSocket(), LIMIT);
  speedUp();
  await turn();
  source.resumed = 0;
  ring.put(full(fill));
  assert.ok(ring.isPaused);
  await turn();
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

/** A slot as the largest read fills it. */
function full(fill: (text: string, payloadBytes: number) => Slot): Slot {
  const slot = fill('x', MAX_READ_BYTES);
  slot.length = MAX_READ_BYTES;
  return slot;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
