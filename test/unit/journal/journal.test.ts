import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { StateError } from '../../../src/journal/state-error.js';
import { encodeRecord, JOURNAL_FORMAT } from '../../../src/journal/record.js';
import { claimOf, filesIn, journalIn, stateDirectory, successful } from './journal-helpers.js';

test('the directory is made for its owner alone, and so is the file', async (t) => {
  const directory = stateDirectory(t);
  const { journal } = journalIn(directory);
  assert.deepEqual(await journal.open(), { operations: [], finals: [] });
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.equal(statSync(path.join(directory, 'journal.1')).mode & 0o777, 0o600);
  await journal.close();
});

test('C12: an operation that was claimed and has no final status fails with agent-restarted, once', async (t) => {
  const directory = stateDirectory(t);
  const first = journalIn(directory).journal;
  await first.open();
  await first.claim(claimOf('17'));
  // Not closed: the process is killed.
  const second = journalIn(directory, { generation: 2 }).journal;
  const { operations, finals } = await second.open();
  assert.deepEqual(
    operations.map(({ operationId, keyHash }) => [operationId, keyHash]),
    [['17', 'hash-17']],
  );
  assert.equal(finals.length, 1);
  assert.match(finals[0]?.failureReason ?? '', /^agent-restarted: /);
  assert.deepEqual(filesIn(directory), ['journal.2']);
  const third = journalIn(directory, { generation: 3 }).journal;
  assert.deepEqual((await third.open()).finals, finals, 'the same final status as long as it is not acked');
  third.acked('17');
  await third.close();
  const fourth = journalIn(directory, { generation: 4 }).journal;
  const last = await fourth.open();
  assert.deepEqual(last.finals, []);
  assert.deepEqual(
    last.operations.map(({ operationId }) => operationId),
    ['17'],
    'remembered against doubles',
  );
  await Promise.all([first, second, third, fourth].map((each) => each.close()));
});

test('C13: a final status that the cloud may not have is kept as it was', async (t) => {
  const directory = stateDirectory(t);
  const first = journalIn(directory).journal;
  await first.open();
  await first.claim(claimOf('17'));
  await first.settle(successful('17'));
  const second = journalIn(directory, { generation: 2 }).journal;
  assert.deepEqual((await second.open()).finals, [successful('17')]);
  await Promise.all([first.close(), second.close()]);
});

test('a second final status of an operation is not written', async (t) => {
  const directory = stateDirectory(t);
  const { journal } = journalIn(directory);
  await journal.open();
  await journal.claim(claimOf('17'));
  await journal.settle(successful('17'));
  await journal.settle({ ...successful('17'), status: 'FAILED', failureReason: 'internal-error: no' });
  await journal.close();
  const text = readFileSync(path.join(directory, 'journal.1'), 'utf8');
  assert.equal(text.includes('internal-error'), false);
});

test('what a live elder has begun is remembered and left to it, until it has ended', async (t) => {
  const directory = stateDirectory(t);
  const elder = journalIn(directory).journal;
  await elder.open();
  await elder.claim(claimOf('17'));
  const heir = journalIn(directory, { generation: 2, elders: [1] }).journal;
  const { operations, finals } = await heir.open();
  assert.deepEqual(
    operations.map(({ operationId, final }) => [operationId, final]),
    [['17', undefined]],
  );
  assert.deepEqual(finals, []);
  await elder.claim(claimOf('18'));
  assert.deepEqual(
    (await heir.elders()).map(({ operationId }) => operationId),
    ['17', '18'],
  );
  await elder.settle(successful('17'));
  await elder.close();
  assert.deepEqual(filesIn(directory), ['journal.1', 'journal.2']);
  const left = await heir.recover(1);
  assert.deepEqual(left.finals.map(({ operationId, status }) => `${operationId} ${status}`).sort(), [
    '17 SUCCESSFUL',
    '18 FAILED',
  ]);
  assert.deepEqual(filesIn(directory), ['journal.2']);
  assert.deepEqual((await heir.recover(1)).finals, [], 'nothing a second time');
  await heir.close();
});

test('C15: a journal damaged in the middle is kept aside and a clean one begun', async (t) => {
  const directory = stateDirectory(t);
  const first = journalIn(directory).journal;
  await first.open();
  for (const id of ['17', '18', '19']) await first.claim(claimOf(id));
  await first.close();
  const file = path.join(directory, 'journal.1');
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 200) ^ 1, bytes.length - 200);
  writeFileSync(file, bytes);
  const { journal, lines } = journalIn(directory, { generation: 2 });
  assert.deepEqual(await journal.open(), { operations: [], finals: [] });
  const [damaged = '', ...others] = filesIn(directory);
  assert.match(damaged, /^damaged\./);
  assert.deepEqual(others, ['journal.2']);
  assert.deepEqual(readFileSync(path.join(directory, damaged)), bytes);
  assert.match(lines.join('\n'), /^error: the journal is damaged/m);
  await journal.close();
});

test('C15: a torn last record is dropped, and the journal goes on', async (t) => {
  const directory = stateDirectory(t);
  const first = journalIn(directory).journal;
  await first.open();
  await first.claim(claimOf('17'));
  await first.claim(claimOf('18'));
  await first.close();
  const file = path.join(directory, 'journal.1');
  truncateSync(file, statSync(file).size - 3);
  const { journal, lines } = journalIn(directory, { generation: 1 });
  assert.deepEqual(
    (await journal.open()).operations.map(({ operationId }) => operationId),
    ['17'],
  );
  await journal.claim(claimOf('20'));
  assert.deepEqual(lines, []);
  await journal.close();
});

test('C15: a journal of a newer version refuses the start, with advice, and stays as it is', async (t) => {
  const directory = stateDirectory(t);
  const first = journalIn(directory).journal;
  await first.open();
  await first.close();
  const file = path.join(directory, 'journal.1');
  writeFileSync(file, encodeRecord(0, { type: 'header', format: JOURNAL_FORMAT + 1, generation: 1, at: 1 }));
  const { journal } = journalIn(directory, { generation: 2 });
  await assert.rejects(journal.open(), (error) => {
    assert.ok(error instanceof StateError);
    assert.equal(error.kind, 'newer');
    assert.match(error.message, /newer version .* run that version/);
    return true;
  });
  assert.deepEqual(filesIn(directory), ['journal.1']);
});

test('a directory that others may write, or that is a file, is refused with what to change', async (t) => {
  const directory = stateDirectory(t);
  mkdirSync(directory);
  chmodSync(directory, 0o770);
  await assert.rejects(journalIn(directory).journal.open(), /mode 0770\): chmod 0700/);
  chmodSync(directory, 0o755);
  const { journal } = journalIn(directory);
  await journal.open();
  await journal.close();
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  const file = path.join(directory, 'journal.1');
  await assert.rejects(journalIn(file).journal.open(), /state\.directory/);
});

test('a journal of mostly settled operations is rewritten and forgets nothing', async (t) => {
  const directory = stateDirectory(t);
  const { journal, lines } = journalIn(directory);
  await journal.open();
  const file = path.join(directory, 'journal.1');
  const sizes: number[] = [];
  for (let id = 1; id <= 8_000; id += 1_000) {
    const ids = Array.from({ length: 1_000 }, (_, index) => String(id + index));
    await Promise.all(ids.map((each) => journal.claim(claimOf(each))));
    await Promise.all(ids.map((each) => journal.settle(successful(each))));
    for (const each of ids) journal.acked(each);
    sizes.push(statSync(file).size);
  }
  await journal.claim(claimOf('9999'));
  await journal.close();
  assert.ok(
    sizes.some((size, index) => size < (sizes[index - 1] ?? 0)),
    `it only grew: ${sizes.join(' ')}`,
  );
  const next = journalIn(directory, { generation: 2 }).journal;
  const { operations, finals } = await next.open();
  assert.equal(operations.length, 8_001);
  assert.deepEqual(
    finals.map(({ operationId }) => operationId),
    ['9999'],
  );
  assert.deepEqual(lines, []);
  await next.close();
});

test('no connection key is in the directory, only its hash', async (t) => {
  const directory = stateDirectory(t);
  const { journal } = journalIn(directory);
  await journal.open();
  await journal.claim(claimOf('17'));
  await journal.close();
  assert.match(readFileSync(path.join(directory, 'journal.1'), 'utf8'), /"key":"hash-17"/);
});
