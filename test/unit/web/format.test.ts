import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as format from '../../../web/model/format.js';
import { byteSteps, peak, plotData } from '../../../web/model/plot-data.js';

test('bytes have three digits or so, in binary units', () => {
  const texts = [0, 999, 1_000, 1_024, 1_536, 102_400, 1_048_576, 5e9].map(format.bytes);
  assert.deepEqual(texts, ['0 B', '999 B', '1.0 KiB', '1.0 KiB', '1.5 KiB', '100 KiB', '1.0 MiB', '4.7 GiB']);
});

test('a rate of nothing is a dash, the marks of an axis have no needless zero', () => {
  assert.deepEqual([0, 2_048].map(format.rate), ['–', '2.0 KiB/s']);
  assert.deepEqual([0, 2_048, 1_536].map(format.roundRate), ['0 B/s', '2 KiB/s', '1.5 KiB/s']);
});

test('an age is told in the two largest units that matter', () => {
  const texts = [-5, 59_999, 60_000, 3_900_000, 187_200_000].map(format.age);
  assert.deepEqual(texts, ['0 s', '59 s', '1 min', '1 h 05 min', '2 d 4 h']);
});

test('what runs out counts down to zero', () => {
  assert.deepEqual([272_000, 61_001, 0, -5].map(format.countdown), ['4:32', '1:02', '0:00', '0:00']);
});

test('a time of another day has its date, and what is no time stays as it is', () => {
  const noon = new Date(2030, 0, 2, 12, 30, 5);
  assert.equal(format.clock(noon.toISOString(), noon.getTime()), '12:30:05');
  assert.equal(format.clock(noon.toISOString(), noon.getTime() + 86_400_000), '2 Jan 12:30');
  assert.equal(format.clock('never', 0), 'never');
});

test('IPv6 addresses are told apart from their port', () => {
  assert.equal(format.target('fd00::7', 22), '[fd00::7]:22');
  assert.equal(format.target('plc-3', 102), 'plc-3:102');
  assert.equal(format.target('plc-3', null), 'plc-3');
});

test('a target in two parts is the same target', () => {
  assert.deepEqual(format.targetParts('fd00::7', 65_535), ['[fd00::7]', ':65535']);
  assert.deepEqual(format.targetParts('plc-3', null), ['plc-3', '']);
});

test('a sentence ends once', () => {
  const texts = ['refused (ECONNREFUSED)', 'It is off.', 'says "off."', 'Why?', ' ', ''].map(format.sentence);
  assert.deepEqual(texts, ['refused (ECONNREFUSED).', 'It is off.', 'says "off."', 'Why?', '', '']);
});

test('characters that turn text around or hide in it are shown', () => {
  assert.equal(format.target('\u202e7.5.0.01', 22), '\ufffd7.5.0.01:22');
  assert.equal(format.plain('a\u200bb\u0007c é 日本'), 'a\ufffdb\ufffdc é 日本');
});

test('one is not several', () => {
  assert.deepEqual(
    [0, 1, 1_200].map((count) => format.many(count, 'session')),
    ['0 sessions', '1 session', '1,200 sessions'],
  );
});

test('a line is cut where nothing was measured', () => {
  const sample = (atMs: number) => ({ atMs, uplinkRate: 1, downlinkRate: 2, sessions: 3 });
  const { times, uplink, sessions } = plotData([sample(1_000), sample(2_000), sample(60_000)]);
  assert.deepEqual(times, [1, 2, 2.001, 60]);
  assert.deepEqual(uplink, [1, 1, null, 1]);
  assert.deepEqual(sessions, [3, 3, null, 3]);
  assert.equal(peak(uplink), 1);
  assert.equal(peak([]), 0);
});

test('the marks of an axis in bytes are round in binary units', () => {
  assert.deepEqual(
    [1, 1_000, 1_024, 5_000_000].map((highest) => byteSteps(highest, 4)),
    [1, 256, 256, 2_097_152],
  );
});
