import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../../src/log/log.js';
import { LogSampler } from '../../../src/log/log-sampler.js';
import { Redactor } from '../../../src/log/redaction.js';

/** A sampler with a clock that the test moves. */
function sampler() {
  const hands = { nowMs: 0 };
  const told: [string, number][] = [];
  const one = new LogSampler({
    now: () => hands.nowMs,
    onDropped: (message, dropped) => told.push([message, dropped]),
  });
  const admitted = (message: string, lines: number) =>
    Array.from({ length: lines }, () => one.admits(message)).filter(Boolean).length;
  return { hands, told, one, admitted };
}

test('J05: of five thousand lines at once a hundred go through, and the others are counted', () => {
  const { admitted, one, told } = sampler();
  assert.equal(admitted('session ended', 5_000), 100);
  one.tell();
  assert.deepEqual(told, [['session ended', 4_900]]);
  one.tell();
  assert.equal(told.length, 1);
});

test('in the long run it is ten a second of each message', () => {
  const { admitted, hands } = sampler();
  admitted('a', 1_000);
  for (let second = 1; second <= 5; second += 1) {
    hands.nowMs = second * 1_000;
    assert.equal(admitted('a', 50), 10);
  }
  assert.equal(admitted('b', 100), 100, 'one message does not cost another');
  hands.nowMs = 60_000;
  assert.equal(admitted('a', 200), 100, 'after a quiet time all is told again');
});

test('messages without end do not fill the memory', () => {
  const { admitted, told } = sampler();
  admitted('first', 150);
  for (let count = 0; count < 5_000; count += 1) admitted(`message ${count}`, 1);
  assert.deepEqual(told, [['first', 50]]);
});

test('the log itself says what it left out', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const lines: string[] = [];
  const take = (bytes: Buffer): number => {
    lines.push(...bytes.toString('utf8').trimEnd().split('\n'));
    return bytes.length;
  };
  const destination = {
    write: (bytes: Buffer, done: (error: Error | null, written: number) => void) => done(null, take(bytes)),
    writeSync: take,
  };
  const { log } = createLog({ level: 'info', format: 'json', redactor: new Redactor(), destination });
  for (let count = 0; count < 500; count += 1) log.warn({ count }, 'the same again');
  t.mock.timers.tick(1_000);
  assert.equal(lines.filter((line) => line.includes('"msg":"the same again"')).length, 100);
  const last = JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>;
  assert.deepEqual([last.level, last.of, last.dropped], ['warn', 'the same again', 400]);
});
