import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { CloudEvent } from '../../../src/cloud/event.js';
import { DiskEventJournal } from '../../../src/journal/event-journal.js';
import { stateDirectory } from './journal-helpers.js';

const eventOf = (id: string): CloudEvent => ({
  id,
  deviceId: '4',
  type: 'gatehouse_SessionEnded',
  time: '2026-11-22T10:00:00.000Z',
  text: 'Remote access ended',
  facts: { session: id },
});

function directoryOf(t: TestContext): string {
  const directory = stateDirectory(t);
  mkdirSync(directory, { mode: 0o700 });
  return directory;
}

function journalOf(directory: string, generation: number, elders: readonly number[] = []) {
  const said: string[] = [];
  const say = (fields: object, message: string): void =>
    void said.push(`${message} ${JSON.stringify(fields)}`);
  const log = { info: say, warn: say, error: say };
  return { journal: new DiskEventJournal({ directory, generation, elders, log, now: () => 1 }), said };
}

const ids = (events: readonly CloudEvent[]): string[] => events.map(({ id }) => id);

test('the next run gets the events that the cloud does not have, and the old file goes', async (t) => {
  const directory = directoryOf(t);
  const { journal } = journalOf(directory, 1);
  assert.deepEqual(await journal.open(), []);
  for (const id of ['a', 'b', 'c']) await journal.queue(eventOf(id));
  journal.settled('b');
  await journal.close();
  const next = journalOf(directory, 2).journal;
  const left = await next.open();
  assert.deepEqual(left, [eventOf('a'), eventOf('c')]);
  assert.deepEqual(readdirSync(directory), ['events.2']);
  await next.close();
});

test('an elder keeps its events, and leaves them when it ends', async (t) => {
  const directory = directoryOf(t);
  const elder = journalOf(directory, 1).journal;
  await elder.open();
  await elder.queue(eventOf('a'));
  const { journal } = journalOf(directory, 2, [1]);
  assert.deepEqual(await journal.open(), []);
  await elder.queue(eventOf('b'));
  await elder.close();
  assert.deepEqual(ids(await journal.recover(1)), ['a', 'b']);
  await journal.close();
});

test('an event that was being written is left out, and a damaged file is set aside', async (t) => {
  const directory = directoryOf(t);
  const { journal } = journalOf(directory, 1);
  await journal.open();
  await journal.queue(eventOf('a'));
  await journal.queue(eventOf('b'));
  await journal.close();
  const file = path.join(directory, 'events.1');
  const whole = readFileSync(file, 'utf8');
  writeFileSync(file, whole.slice(0, -5));
  const second = journalOf(directory, 2).journal;
  assert.deepEqual(ids(await second.open()), ['a']);
  await second.close();
  writeFileSync(path.join(directory, 'events.2'), whole.replace('"a"', '"x"'));
  const third = journalOf(directory, 3);
  assert.deepEqual(await third.journal.open(), []);
  await third.journal.close();
  assert.match(readdirSync(directory).sort().join(), /^damaged\.[^,]*events\.2,events\.3$/);
  assert.match(third.said.join(), /are set aside/);
});
