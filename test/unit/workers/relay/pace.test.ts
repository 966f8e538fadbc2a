import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace, READ_STEPS } from '../../../../workers/relay/pace.js';
import { sharesOf } from '../../../../workers/relay/share.js';

const KIBIBYTE = 1_024;
const MEBIBYTE = 1_048_576;
const SLOT_BYTES = [16_384, 32_768, 81_920, 212_992];

function rig(limitBytes: number): { readonly pace: Pace; readonly pauseFor: (ms: number) => void } {
  let nowMs = 1_000;
  const pace = new Pace(() => nowMs);
  pace.open(sharesOf(limitBytes, false).uplink);
  const pauseFor = (ms: number): void => {
    pace.onPaused();
    nowMs += ms;
    pace.onResumed();
  };
  return { pace, pauseFor };
}

/** Both directions of one session. */
function pair(isEncrypted: boolean): { readonly uplink: Pace; readonly downlink: Pace } {
  const shares = sharesOf(256 * KIBIBYTE, isEncrypted);
  const [uplink, downlink] = [new Pace(() => 0), new Pace(() => 0)];
  uplink.open(shares.uplink);
  downlink.open(shares.downlink);
  uplink.beside(downlink);
  return { uplink, downlink };
}

/** Moves many bytes in reads as they are allowed. */
function move(pace: Pace, bytes: number): void {
  for (let left = bytes; left > 0;) {
    const read = READ_STEPS[pace.arm()] ?? 0;
    pace.onRead(read);
    left -= read;
  }
  pace.arm();
}

test('reads are small until the sink has shown that it is fast', () => {
  const { pace } = rig(256 * KIBIBYTE);
  const steps = [pace.arm()];
  for (const bytes of [131_072, 131_072, 4 * MEBIBYTE, 100 * MEBIBYTE]) {
    pace.onRead(bytes);
    steps.push(pace.arm());
  }
  assert.deepEqual(steps, [0, 1, 2, 3, 3]);
  assert.deepEqual(READ_STEPS, [16_376, 32_752, 81_880, 212_888]);
});

test('a slow sink brings them down step by step, and it has to prove itself again', () => {
  const { pace, pauseFor } = rig(256 * KIBIBYTE);
  move(pace, 8 * MEBIBYTE);
  pauseFor(99);
  assert.equal(pace.arm(), 3);
  const steps = [100, 100, 5_000, 5_000].map((ms) => {
    pauseFor(ms);
    return pace.arm();
  });
  assert.deepEqual(steps, [2, 1, 0, 0]);
  pace.onRead(131_071);
  assert.equal(pace.arm(), 0);
});

for (const [limitBytes, largest] of [
  [8_192, 0],
  [32_768, 0],
  [65_536, 1],
  [131_072, 2],
  [262_144, 3],
  [1_048_576, 3],
] as const) {
  test(`a limit of ${limitBytes} bytes allows step ${largest}, and is kept by whole slots`, () => {
    const { pace } = rig(limitBytes);
    move(pace, 20 * MEBIBYTE);
    assert.equal(pace.arm(), largest);
    const slotBytes = SLOT_BYTES[largest] ?? 0;
    let waiting = 0;
    while (pace.hasRoom(waiting) && waiting < 2 * MEBIBYTE) waiting += slotBytes;
    assert.ok(waiting <= Math.max(limitBytes, slotBytes), `${waiting} bytes wait`);
  });
}

test('what is in flight to a slow sink is 32 KiB at most', () => {
  const { pace, pauseFor } = rig(256 * KIBIBYTE);
  pauseFor(1_000);
  pace.arm();
  assert.ok(pace.hasRoom(16_384));
  assert.ok(!pace.hasRoom(16_385));
});

test('one read is always allowed, however small the limit', () => {
  assert.ok(rig(1).pace.hasRoom(0));
});

test('a direction that is alone reads in the largest steps, beside another in smaller ones', () => {
  const { uplink, downlink } = pair(false);
  move(uplink, 20 * MEBIBYTE);
  assert.equal(uplink.arm(), 3);
  // The other one begins: it has to wait for a smaller read of the first before its own grow.
  downlink.onRead(MEBIBYTE);
  downlink.onRead(MEBIBYTE);
  assert.equal(downlink.arm(), 0);
  assert.equal(uplink.arm(), 2);
  assert.equal(downlink.arm(), 2);
});

test('a direction that becomes quiet leaves its memory to the other one', () => {
  const { uplink, downlink } = pair(false);
  move(uplink, 20 * MEBIBYTE);
  move(downlink, MEBIBYTE);
  // The first one is done, but may still read that much at once.
  assert.equal(downlink.arm(), 0);
  move(downlink, 4 * MEBIBYTE);
  assert.equal(downlink.arm(), 3);
  // It comes again: both in smaller reads; and becomes quiet once more.
  move(uplink, MEBIBYTE);
  assert.deepEqual([downlink.arm(), uplink.arm()], [2, 2]);
  for (let round = 0; round < 1_000; round += 1) {
    uplink.onRead(64);
    uplink.arm();
    downlink.onRead(80_000);
    downlink.arm();
  }
  assert.equal(downlink.arm(), 3);
});

/** What a stalled session may hold besides slots: its objects; a TLS state, and one read of 64 KiB in it. */
const OWN_BYTES = { plain: 20 * KIBIBYTE, encrypted: 50 * KIBIBYTE };
const TLS_READ_BYTES = 64 * KIBIBYTE;

for (const isEncrypted of [false, true]) {
  for (const first of ['uplink', 'downlink', 'both'] as const) {
    test(`both directions stalled stay within 256 KiB, ${isEncrypted ? 'TLS' : 'plain'}, ${first} first`, () => {
      const paces = pair(isEncrypted);
      const waiting = { uplink: 0, downlink: 0 };
      for (const bytes of [8 * MEBIBYTE, MEBIBYTE]) {
        if (first !== 'downlink') move(paces.uplink, bytes);
        if (first !== 'uplink') move(paces.downlink, bytes);
      }
      // TLS: what has been read up in large steps is gone before the other direction moves much.
      if (isEncrypted && first === 'uplink') {
        move(paces.downlink, MEBIBYTE);
        move(paces.uplink, MEBIBYTE);
      }
      const order =
        first === 'downlink' ? (['downlink', 'uplink'] as const) : (['uplink', 'downlink'] as const);
      for (let round = 0; round < 100; round += 1) {
        for (const name of order) {
          const pace = paces[name];
          if (!pace.hasRoom(waiting[name])) continue;
          const step = pace.arm();
          waiting[name] += SLOT_BYTES[step] ?? 0;
          pace.onRead(READ_STEPS[step] ?? 0);
        }
      }
      const held = isEncrypted
        ? OWN_BYTES.encrypted + 2 * waiting.uplink + waiting.downlink + TLS_READ_BYTES
        : OWN_BYTES.plain + waiting.uplink + waiting.downlink;
      assert.ok(held <= 260 * KIBIBYTE, `${held / KIBIBYTE} KiB: ${JSON.stringify(waiting)}`);
    });
  }
}
