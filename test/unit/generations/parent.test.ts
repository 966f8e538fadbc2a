import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Parent } from '../../../src/generations/parent/parent.js';
import type { ParentTiming } from '../../../src/generations/parent/timing.js';
import { eventually } from '../../helpers/eventually.js';

const FAKE = fileURLToPath(new URL('../../helpers/fake-generation.js', import.meta.url));

/** A parent whose generations behave as told, one after the other; the last behaviour is that of all others. */
function start(t: TestContext, behaviours: readonly string[], timing: Partial<ParentTiming> = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
  const [plan, diary] = [path.join(folder, 'plan'), path.join(folder, 'diary')];
  writeFileSync(plan, behaviours.join('\n'));
  writeFileSync(diary, '');
  const complaints: string[] = [];
  const parent = new Parent({
    entry: () => FAKE,
    args: [plan, diary],
    claimState: () => Promise.resolve(1),
    complain: (text) => complaints.push(text),
    now: () => performance.now(),
    timing: { backoffMs: 1, ...timing },
  });
  const ended = parent.run();
  const lines = (): string[] => readFileSync(diary, 'utf8').split('\n');
  t.after(async () => {
    parent.kill();
    parent.stop();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    parent,
    ended,
    complaints,
    lines,
    /** Waits for what a generation heard: `2 take-over`, so many times. */
    heard: (line: string, times = 1) =>
      eventually(() => lines().filter((one) => one === line).length >= times || undefined, line),
  };
}

test('the first generation that cannot start gives its exit code and its reasons', async (t) => {
  const { ended, complaints } = start(t, ['bad configuration']);
  assert.equal(await ended, 78);
  assert.deepEqual(complaints, ['one\ntwo']);
});

test('a reload goes from fork over ready and release to take-over, and retires the old one', async (t) => {
  const { parent, ended, heard, lines } = start(t, ['good']);
  await heard('1 take-over');
  parent.reload();
  await heard('1 retire');
  parent.stop();
  assert.equal(await ended, 0);
  assert.deepEqual(
    lines().filter((line) => line !== '' && !line.endsWith(' stop')),
    [
      '1 started',
      '1 prepare',
      '1 take-over',
      '2 started',
      '2 prepare',
      '1 release',
      '2 take-over',
      '1 retire',
    ],
  );
});

for (const behaviour of ['bad configuration', 'dies unready', 'never ready', 'newer']) {
  test(`a reload whose generation is "${behaviour}" never tells the old one to release`, async (t) => {
    const { parent, heard, lines } = start(t, ['good', behaviour, 'good'], { readyMs: 500 });
    await heard('1 take-over');
    parent.reload();
    const text =
      behaviour === 'bad configuration'
        ? 'the configuration is invalid, the old one stays in force'
        : 'the new generation could not get ready, the old one stays in charge';
    await heard(`1 note ${text}`);
    assert.equal(lines().includes('1 release'), false);
    parent.reload();
    await heard('3 take-over');
  });
}

test('a generation that dies at its take-over gives control back', async (t) => {
  const { parent, heard, lines } = start(t, ['good', 'dies at take-over', 'good']);
  await heard('1 take-over');
  parent.reload();
  await heard('1 take-over', 2);
  assert.equal(lines().includes('3 started'), false);
});

test('a generation that dies young gives control back to the one before it', async (t) => {
  const { parent, heard, lines } = start(t, ['good', 'dies in charge', 'good']);
  await heard('1 take-over');
  parent.reload();
  await heard('1 take-over', 2);
  assert.equal(lines().includes('3 started'), false);
});

test('a generation that dies later is replaced by a new one', async (t) => {
  const { parent, heard, lines } = start(t, ['good', 'dies in charge', 'good'], { trialMs: 0 });
  await heard('1 take-over');
  parent.reload();
  await heard('3 take-over');
  assert.equal(lines().filter((line) => line === '1 take-over').length, 1);
});

test('one that does not answer the release is told again and passed over', async (t) => {
  const { parent, heard } = start(t, ['deaf', 'good'], { releaseMs: 200, stopMs: 500 });
  await heard('1 take-over');
  parent.reload();
  await heard('2 take-over');
  await heard('1 release', 2);
  await heard('2 note the generation before did not answer in time');
});

test('six generations in a row that never get ready end the parent with 1', async (t) => {
  const { ended, complaints, lines } = start(t, ['dies in charge', 'dies unready']);
  assert.equal(await ended, 1);
  assert.equal(complaints.length, 1);
  assert.equal(lines().filter((line) => line.endsWith('started')).length, 7);
});

test('the ninth generation makes the oldest one expire', async (t) => {
  const { parent, heard, lines } = start(t, ['good']);
  await heard('1 take-over');
  for (let next = 2; next <= 9; next += 1) {
    assert.equal(lines().includes('1 expire'), false);
    parent.reload();
    await heard(`${next} take-over`);
    await heard(`1 retire`, next - 1);
  }
  await heard('1 expire');
  parent.reload();
  await heard('2 expire');
  // Ten processes: the next reload waits until one has ended.
  parent.reload();
  await heard('10 take-over');
  assert.equal(lines().includes('11 started'), false);
});

test('whoever does not end in time is killed, and the exit code says so', async (t) => {
  const { parent, ended, heard } = start(t, ['deaf'], { stopMs: 300 });
  await heard('1 take-over');
  parent.stop();
  await heard('1 stop');
  assert.equal(await ended, 1);
});
