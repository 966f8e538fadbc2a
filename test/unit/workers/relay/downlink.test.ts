import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Downlink } from '../../../../workers/relay/downlink.js';
import { RelayMemory } from '../../../../workers/relay/memory.js';
import { sharesOf } from '../../../../workers/relay/share.js';
import { FakeSink, fakeSource } from '../../../helpers/fake-socket.js';
import { closeFrame, frame } from '../../../helpers/raw-cloud.js';
import { assertSameBytes, seededBytes } from '../../../helpers/seeded-stream.js';

/** Payload of a frame that makes one whole TLS record with its header. */
const RECORD_PAYLOAD_BYTES = 16_384 - 4;

function rig(gathers: boolean): {
  readonly downlink: Downlink;
  readonly sink: FakeSink;
  readonly source: ReturnType<typeof fakeSource>;
  readonly closes: number[];
  readonly read: (bytes: Buffer) => boolean;
} {
  const source = fakeSource();
  const sink = new FakeSink();
  const closes: number[] = [];
  const events = {
    onPing: () => undefined,
    onCloseFrame: (code: number) => void closes.push(code),
    onViolation: () => undefined,
  };
  const limits = { bootstrapBufferBytes: 65_536, maxMessageBytes: 16_777_216 };
  const downlink = new Downlink(new RelayMemory(() => 0), source.source, events, limits);
  downlink.gathers = gathers;
  downlink.ring.open(sink.asSocket(), sharesOf(262_144, false).downlink);
  // As a socket does: the next buffer is asked for when a read is done.
  const read = (bytes: Buffer): boolean => {
    const mayGoOn = downlink.onBytes(bytes, bytes.length);
    downlink.readBuffer();
    return mayGoOn;
  };
  return { downlink, sink, source, closes, read };
}

const loop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const record = (seed: number): Buffer => seededBytes(seed, RECORD_PAYLOAD_BYTES);

/** Moves enough for large slots. */
async function warmUp({ read, sink }: ReturnType<typeof rig>): Promise<void> {
  for (let i = 0; i < 40; i += 1) {
    read(frame(0x82, seededBytes(i, 8_000)));
    read(frame(0x82, Buffer.of(i)));
    await loop();
    sink.complete();
  }
}

test('over TLS the records of one turn leave in one write, in order', async () => {
  const warm = rig(true);
  await warmUp(warm);
  const { read, sink } = warm;
  const before = sink.taken().length;
  for (const seed of [1, 2, 3]) read(frame(0x82, record(seed)));
  assert.equal(sink.writes, 0);
  await loop();
  assert.equal(sink.writes, 1);
  sink.complete();
  assertSameBytes(sink.taken().subarray(before), Buffer.concat([1, 2, 3].map(record)));
});

test('a short record leaves with what was gathered in its turn', async () => {
  const warm = rig(true);
  await warmUp(warm);
  const { read, sink } = warm;
  read(frame(0x82, record(1)));
  read(frame(0x82, Buffer.from('end')));
  read(frame(0x82, record(2)));
  assert.equal(sink.writes, 0);
  await loop();
  assert.equal(sink.writes, 1);
});

test('a keystroke is written within the read', () => {
  const { read, sink } = rig(true);
  read(frame(0x82, Buffer.from('k')));
  assert.equal(sink.writes, 1);
});

test('without TLS nothing is gathered', () => {
  const { read, sink } = rig(false);
  read(frame(0x82, record(1)));
  read(frame(0x82, record(2)));
  assert.equal(sink.writes, 2);
});

test('more records than a slot holds lose nothing', async () => {
  const { read, sink } = rig(true);
  const sent: Buffer[] = [];
  for (let seed = 0; seed < 100; seed += 1) {
    sent.push(record(seed));
    read(frame(0x82, record(seed)));
  }
  await loop();
  sink.complete();
  assertSameBytes(sink.taken(), Buffer.concat(sent));
});

test('what was gathered goes before the close frame is acted on', () => {
  const { read, sink, closes } = rig(true);
  read(frame(0x82, record(1)));
  read(closeFrame(1000));
  assert.deepEqual(closes, [1000]);
  sink.complete();
  assertSameBytes(sink.taken(), record(1));
});

test('what was gathered is delivered when the session is stopped from here', async () => {
  const warm = rig(true);
  await warmUp(warm);
  const { downlink, read, sink } = warm;
  const before = sink.taken().length;
  read(frame(0x82, record(1)));
  downlink.stop();
  read(frame(0x82, record(2)));
  sink.complete();
  assertSameBytes(sink.taken().subarray(before), record(1));
});
