import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from '../../../bench/load/ends/pace.js';
import {
  expectedBytesPerSecond,
  PROFILE_NAMES,
  profileOf,
  type Stream,
} from '../../../bench/load/profiles.js';
import { Random } from '../../../bench/load/range.js';
import { MAX_PAYLOAD_BYTES } from '../../../bench/load/traffic/exchange-header.js';

test('every profile asks for sizes that the protocol can carry, in ranges that are none the wrong way round', () => {
  for (const name of PROFILE_NAMES) {
    const { streams, page } = profileOf(name);
    for (const { turns, everyMs, outstanding } of streams) {
      assert.ok(outstanding >= 1, name);
      for (const { repeat, requestBytes, responseBytes } of turns) {
        assert.ok(repeat >= 1, name);
        for (const { from, to } of [requestBytes, responseBytes, everyMs]) {
          assert.ok(from >= 0 && from <= to && to <= MAX_PAYLOAD_BYTES, name);
        }
      }
    }
    if (page !== undefined) assert.ok(page.requests.from >= 1 && page.pauseMs.from >= 0, name);
  }
});

test('a stream takes its turns in order, each as often as it says, and begins again', () => {
  const exactly = (value: number) => ({ from: value, to: value });
  const stream: Stream = {
    turns: [
      { repeat: 3, requestBytes: exactly(1), responseBytes: exactly(10) },
      { repeat: 1, requestBytes: exactly(2), responseBytes: exactly(20) },
    ],
    everyMs: exactly(0),
    outstanding: 1,
  };
  for (let seed = 0; seed < 20; seed += 1) {
    const turns = new Turns(stream, new Random(seed));
    const asked = Array.from({ length: 12 }, () => turns.next().requestBytes).join('');
    assert.ok('111211121112111211'.includes(asked), asked);
  }
});

test('random numbers stay in their range, reach both of its ends, and come again with the same seed', () => {
  const range = { from: 3, to: 6 };
  const numbers = (seed: number): number[] => {
    const random = new Random(seed);
    return Array.from({ length: 200 }, () => random.within(range));
  };
  assert.deepEqual([...new Set(numbers(1))].sort(), [3, 4, 5, 6]);
  assert.deepEqual(numbers(7), numbers(7));
  assert.notDeepEqual(numbers(7), numbers(8));
});

test('the expected bandwidth counts what is asked for, how often and how much', () => {
  // Eight polls a second of 150 bytes on average.
  assert.deepEqual(expectedBytesPerSecond(profileOf('plc')), { down: 1_200, up: 1_200 });
  assert.deepEqual(expectedBytesPerSecond(profileOf('idle')), { down: 0, up: 0 });
});
