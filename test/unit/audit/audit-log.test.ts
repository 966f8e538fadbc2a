import assert from 'node:assert/strict';
import {
  appendFileSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
  chmodSync,
  existsSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { headPath, HeadFile, unsettledLogs } from '../../../src/audit/head.js';
import { logFiles } from '../../../src/audit/log-files.js';
import { sha256 } from '../../../src/audit/record.js';
import { unfinished } from '../../../src/audit/unfinished.js';
import { allowed, ended, folderFor, logIn, opened, recordsIn, start, verdictOf } from './audit-helpers.js';

test('begins with a genesis record and chains each line to the exact bytes of the one before', async (t) => {
  const { log, file } = logIn(t, folderFor(t));
  await log.record(start(), 'fact');
  const place = await log.record(allowed('7'), 'asked');
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const records = recordsIn(file);
  assert.deepEqual(
    records.map(({ seq, type }) => [seq, type]),
    [
      [0, 'genesis'],
      [1, 'start'],
      [2, 'decision'],
    ],
  );
  assert.match(String(records[0]?.chain), /^[0-9a-f]{32}$/);
  assert.equal(records[1]?.prev, sha256(`${lines[0] ?? ''}\n`));
  assert.equal(records[2]?.prev, sha256(`${lines[1] ?? ''}\n`));
  assert.deepEqual(place, { ...place, seq: 2, hash: sha256(`${lines[2] ?? ''}\n`) });
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('writes records that come at the same time in their order, as one chain', async (t) => {
  const { log, file } = logIn(t, folderFor(t));
  const all = Array.from({ length: 2_500 }, (_, index) => log.record(allowed(String(index)), 'asked'));
  const places = await Promise.all(all);
  assert.deepEqual(
    places.map(({ seq }) => seq),
    places.map((_, index) => index + 1),
  );
  const verdict = await verdictOf([file]);
  assert.equal(verdict.fault, undefined);
  assert.equal(verdict.records, 2_501);
});

test('several writers make one chain', async (t) => {
  const folder = folderFor(t);
  const writers = [logIn(t, folder), logIn(t, folder), logIn(t, folder)];
  const work = writers.map(async ({ log }, writer) => {
    for (let index = 0; index < 20; index += 1) await log.record(ended(`${writer}${index}`), 'fact');
  });
  await Promise.all(work);
  const verdict = await verdictOf([writers[0]?.file ?? '']);
  assert.equal(verdict.fault, undefined);
  assert.equal(verdict.records, 61);
});

test('goes on in a new file when one is full, and the files verify as one chain', async (t) => {
  const folder = folderFor(t);
  const writers = [logIn(t, folder, { maxBytes: 4_000 }), logIn(t, folder, { maxBytes: 4_000 })];
  for (let index = 0; index < 40; index += 1)
    await writers[index % 2]?.log.record(ended(String(index)), 'fact');
  const files = (await logFiles(path.join(folder, 'audit.log'))).map((one) => one.path);
  assert.ok(files.length > 3, files.join());
  assert.match(files[0] ?? '', /audit\.log\.000000000000$/);
  const verdict = await verdictOf(files);
  assert.equal(verdict.fault, undefined);
  const last = await verdictOf(files.slice(1));
  assert.equal(last.fault, undefined);
  assert.match(last.notes[0]?.sentence ?? '', /begins with record/);
  assert.equal((await verdictOf(files.filter((_, index) => index !== 1))).fault?.kind, 'missing');
});

test('goes on in a new file when somebody moves the log away, also over a restart', async (t) => {
  const folder = folderFor(t);
  const { log, file } = logIn(t, folder);
  await log.record(start(), 'fact');
  renameSync(file, `${file}.1`);
  await log.record(ended('1'), 'fact');
  await log.close();
  renameSync(file, `${file}.2`);
  const second = logIn(t, folder, { stateDirectory: undefined });
  await second.log.record(start(2), 'fact');
  assert.deepEqual(
    recordsIn(file).map(({ seq, type }) => [seq, type]),
    [
      [4, 'continued'],
      [5, 'start'],
    ],
  );
  const files = (await logFiles(file)).map((one) => one.path);
  assert.deepEqual(files, [`${file}.1`, `${file}.2`, file]);
  assert.equal((await verdictOf(files)).fault, undefined);
});

test('keeps a line that a crash has torn where it is, and accounts for it', async (t) => {
  const folder = folderFor(t);
  const first = logIn(t, folder);
  await first.log.record(start(), 'fact');
  await first.log.close();
  appendFileSync(first.file, '{"seq":2,"prev":"0011');
  assert.equal((await verdictOf([first.file])).fault?.kind, 'unfinished');
  const second = logIn(t, folder);
  await second.log.record(start(2), 'fact');
  const verdict = await verdictOf([first.file]);
  assert.equal(verdict.fault, undefined);
  assert.match(verdict.notes[0]?.sentence ?? '', /22 bytes before it were left by a crash/);
  const text = readFileSync(first.file, 'utf8');
  assert.match(text, /\n\{"seq":2,"prev":"0011\n\{"seq":2/);
  writeFileSync(first.file, text.replace('"0011\n', '"0012\n'));
  assert.equal((await verdictOf([first.file])).fault?.line, 3);
});

test('puts a file aside in which not even the first record was finished', async (t) => {
  const folder = folderFor(t);
  const file = path.join(folder, 'audit.log');
  writeFileSync(file, '{"seq":0,"pr', { mode: 0o600 });
  const { log } = logIn(t, folder);
  await log.check();
  await log.record(start(), 'fact');
  assert.equal((await verdictOf([file])).fault, undefined);
});

test('says in the log that its end was cut off while the agent was away', async (t) => {
  const folder = folderFor(t);
  const first = logIn(t, folder);
  await first.log.record(start(), 'fact');
  const { size } = statSync(first.file);
  await first.log.record(ended('1'), 'fact');
  await first.log.close();
  truncateSync(first.file, size);
  assert.equal((await verdictOf([first.file])).fault, undefined, 'nothing in the file itself tells');
  const second = logIn(t, folder);
  await second.log.record(start(2), 'fact');
  const verdict = await verdictOf([first.file]);
  assert.deepEqual([verdict.fault?.kind, verdict.fault?.line], ['cut', 3]);
  assert.match(verdict.fault?.sentence ?? '', /up to record 2/);
});

test('refuses a file that is something else, or that others can write', async (t) => {
  const folder = folderFor(t);
  const { log, file } = logIn(t, folder);
  writeFileSync(file, 'conduits:\n  - name: plc\n', { mode: 0o600 });
  await assert.rejects(log.check(), /is no audit log of gatehouse/);
  await assert.rejects(log.record(start(), 'asked'), /is no audit log/);
  assert.equal(readFileSync(file, 'utf8'), 'conduits:\n  - name: plc\n');
  writeFileSync(file, '');
  chmodSync(file, 0o666);
  await assert.rejects(log.check(), /mode 0666/);
});

test('finds the sessions whose end is missing, also over several files', async (t) => {
  const folder = folderFor(t);
  const { log, file } = logIn(t, folder, { maxBytes: 3_000 });
  await log.record(start(1), 'fact');
  await log.record(allowed('0'), 'asked');
  await log.record(start(2), 'fact');
  for (const operation of ['1', '2', '3', '4']) {
    await log.record(allowed(operation, 2), 'asked');
    if (operation !== '4') await log.record(opened(operation, 2), 'asked');
    if (operation === '2') await log.record(ended(operation, 2), 'fact');
  }
  await log.record({ ...allowed('5', 2), verdict: 'refused', code: 'cancelled' }, 'fact');
  assert.ok(existsSync(`${file}.000000000000`));
  const { missing: ends } = await unfinished(file, (generation) => generation === 2, Date.now());
  assert.deepEqual(
    ends.map(({ operation, outcome, reason, openedAt }) => [operation, outcome, reason, openedAt !== null]),
    [
      ['1', 'ended', 'agent-restarted', true],
      ['3', 'ended', 'agent-restarted', true],
      ['4', 'failed', 'agent-restarted', false],
    ],
  );
  assert.deepEqual((await unfinished(file, (generation) => generation === 1, Date.now())).missing, []);
});

test('a session whose end is missing keeps what its decision and its approval tell', async (t) => {
  const { log, file } = logIn(t, folderFor(t), { now: () => Date.parse('2026-11-22T10:00:00Z') });
  const asked = { at: '2026-11-22T09:59:00.000Z', description: 'to plc-1', by: 'jane' };
  await log.record(start(), 'fact');
  await log.record({ ...allowed('1'), asked }, 'asked');
  const { operation, device, session = '', conduit } = allowed('1');
  const subject = { operation, device, session, generation: 1 };
  await log.record({ ...subject, type: 'approval', outcome: 'approved', by: 'Ann', way: 'file' }, 'asked');
  await log.record(opened('1'), 'asked');
  // A gateway that starts without having heard from the cloud, and whose own clock is five hours slow.
  const { missing } = await unfinished(file, () => true, Date.parse('2026-11-22T05:00:00Z'));
  const [end] = missing;
  assert.deepEqual([end?.conduit, end?.asked], [conduit, asked]);
  assert.deepEqual(end?.approved, { by: 'Ann', way: 'file' });
  assert.deepEqual([end.openedAt, end.endedAt], ['2026-11-22T10:00:00.000Z', '2026-11-22T10:00:00.000Z']);
});

test('a head says where its log is, until nobody has sessions in that any more', async (t) => {
  const folder = folderFor(t);
  const { log, file } = logIn(t, folder);
  assert.deepEqual(await unsettledLogs(folder), []);
  await log.record(start(), 'fact');
  assert.deepEqual(await unsettledLogs(folder), [file]);
  await log.settle();
  assert.deepEqual(await unsettledLogs(folder), []);
  await log.record(start(2), 'fact');
  assert.deepEqual(await unsettledLogs(folder), [file]);
  const place = await new HeadFile(headPath(folder, file), file).read();
  assert.equal(place?.seq, 2);
});
