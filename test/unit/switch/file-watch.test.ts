import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { FileWatch, MAX_READS, READ_MS } from '../../../src/switch/file-watch.js';
import { IS_ON, off, type SwitchReading } from '../../../src/switch/switch-value.js';
import { eventually } from '../../helpers/eventually.js';

/** A file system that answers when the test likes. */
class Reads {
  readonly answers: ((reading: SwitchReading) => void)[] = [];
  readonly readings: SwitchReading[] = [];

  constructor(t: TestContext, now: () => number = () => performance.now()) {
    const watch = new FileWatch({
      file: '/no/such/folder/switch',
      read: () => new Promise((resolve) => this.answers.push(resolve)),
      onReading: (reading) => this.readings.push(reading),
      now,
    });
    t.after(() => watch.stop());
  }

  /** Answers the read with this index once it is there. */
  async answer(index: number, reading: SwitchReading): Promise<void> {
    (await eventually(() => this.answers[index], `read ${index}`))(reading);
  }

  said(index: number): Promise<SwitchReading> {
    return eventually(() => this.readings[index], `reading ${index}`);
  }
}

const LATE = off(`cannot be read within ${READ_MS} ms`);

test('a read that never comes back is off in time, and no more than two hang', async (t) => {
  const reads = new Reads(t);
  await reads.answer(0, IS_ON);
  assert.deepEqual(await reads.said(0), IS_ON);
  assert.deepEqual(await reads.said(1), LATE);
  assert.deepEqual(await reads.said(2), LATE);
  // The next look would have come long ago.
  await new Promise((resolve) => setTimeout(resolve, 2 * READ_MS));
  assert.equal(reads.answers.length, 1 + MAX_READS);
  assert.equal(reads.readings.length, 3);
  // What hung comes back with what was true then: it counts no more, but it makes room for a look that does.
  await reads.answer(1, IS_ON);
  await reads.answer(3, IS_ON);
  assert.deepEqual(await reads.said(3), IS_ON);
  await reads.answer(2, off('says off'));
  await reads.answer(4, IS_ON);
  assert.deepEqual(await reads.said(4), IS_ON);
});

test('the file gets more time when this process itself stood still', async (t) => {
  let ms = 0;
  const reads = new Reads(t, () => ms);
  await eventually(() => reads.answers[0], 'the first read');
  ms = 5_000;
  await new Promise((resolve) => setTimeout(resolve, READ_MS + 100));
  assert.deepEqual(reads.readings, []);
  assert.deepEqual(await reads.said(0), LATE);
});
