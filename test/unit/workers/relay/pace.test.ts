import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace, READ_STEPS } from '../../../../workers/relay/pace.js';

const MEBIBYTE = 1_048_576;

function rig(limitBytes: number): { readonly pace: Pace; readonly pauseFor: (ms: number) => void } {
  let nowMs = 1_000;
  const pace = new Pace(() => nowMs);
  pace.open(limitBytes);
  const pauseFor = (ms: number): void => {
    pace.onPaused();
    nowMs += ms;
    pace.onResumed();
  };
  return { pace, pauseFor };
}

test('reads are small until the sink has shown that it is fast', () => {
  const { pace } = rig(262_144);
  assert.equal(READ_STEPS[pace.step], 16_376);
  pace.onRead(262_144);
  assert.equal(READ_STEPS[pace.step], 81_880);
  pace.onRead(4 * MEBIBYTE);
  assert.equal(READ_STEPS[pace.step], 229_264);
  pace.onRead(100 * MEBIBYTE);
  assert.equal(READ_STEPS[pace.step], 229_264);
});

test('a slow sink brings them down step by step, and it has to prove itself again', () => {
  const { pace, pauseFor } = rig(262_144);
  pace.onRead(262_144);
  pace.onRead(4 * MEBIBYTE);
  pauseFor(99);
  assert.equal(pace.step, 2);
  pauseFor(100);
  assert.equal(pace.step, 1);
  pauseFor(5_000);
  pauseFor(5_000);
  assert.equal(pace.step, 0);
  pace.onRead(262_143);
  assert.equal(pace.step, 0);
});

for (const [limitBytes, largest] of [
  [8_192, 0],
  [65_536, 0],
  [81_920, 1],
  [131_072, 1],
  [229_376, 2],
  [1_048_576, 2],
] as const) {
  test(`a limit of ${limitBytes} bytes allows step ${largest}, and is kept by whole slots`, () => {
    const { pace } = rig(limitBytes);
    pace.onRead(10 * MEBIBYTE);
    pace.onRead(10 * MEBIBYTE);
    assert.equal(pace.step, largest);
    const slotBytes = [16_384, 81_920, 229_376][largest] ?? 0;
    let waiting = 0;
    while (pace.hasRoom(waiting) && waiting < 2 * MEBIBYTE) waiting += slotBytes;
    assert.ok(waiting <= Math.max(limitBytes, slotBytes), `${waiting} bytes wait`);
  });
}

test('what is in flight to a slow sink is 32 KiB at most', () => {
  const { pace, pauseFor } = rig(262_144);
  pauseFor(1_000);
  assert.ok(pace.hasRoom(16_384));
  assert.ok(!pace.hasRoom(16_385));
});

test('one read is always allowed, however small the limit', () => {
  assert.ok(rig(1).pace.hasRoom(0));
});
