import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { headPath, parseHead } from '../../../src/audit/head.js';
import { logFiles } from '../../../src/audit/log-files.js';
import type { Anchor } from '../../../src/audit/verification.js';
import { allowed, ended, folderFor, logIn, opened, recordsIn, start, verdictOf } from './audit-helpers.js';

/** A log with a session in it, that is still open for writing. */
async function writtenLog(t: TestContext) {
  const folder = folderFor(t);
  const { log, file } = logIn(t, folder);
  await log.record(start(), 'fact');
  await log.record(allowed('1'), 'asked');
  await log.record(opened('1'), 'asked');
  await log.record(ended('1'), 'fact');
  return { folder, log, file };
}

/** The verdict as `gatehouse audit verify` comes to it: on all files beside the log, with its head. */
async function verdictWithHead(folder: string, file: string) {
  const source = headPath(folder, file);
  const head = parseHead(readFileSync(source, 'utf8')) ?? assert.fail('no head');
  const anchor: Anchor = { ...head, source };
  return verdictOf(
    (await logFiles(file)).map((one) => one.path),
    [anchor],
  );
}

const typesIn = (file: string) => recordsIn(file).map(({ seq, type }) => [seq, type]);

/** A file without its first `count` lines. */
function behead(file: string, count: number): void {
  const lines = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, lines.slice(count).join('\n'));
}

for (const dropped of [1, 3, 4]) {
  test(`a log whose first ${dropped} lines were dropped begins with a fault`, async (t) => {
    const { folder, log, file } = await writtenLog(t);
    await log.close();
    behead(file, dropped);
    for (const { fault, records } of [await verdictOf([file]), await verdictWithHead(folder, file)]) {
      assert.deepEqual([fault?.kind, fault?.line, records], ['missing', 1, 0]);
      assert.match(
        fault?.sentence ?? '',
        new RegExp(`begins with record ${dropped}, .*record ${dropped - 1} is missing$`),
      );
    }
  });
}

test('a file that was moved away and lost its beginning is still found, and judged', async (t) => {
  const { folder, log, file } = await writtenLog(t);
  renameSync(file, `${file}.1`);
  await log.record(ended('2'), 'fact');
  behead(`${file}.1`, 2);
  const { fault } = await verdictWithHead(folder, file);
  assert.deepEqual([fault?.kind, fault?.line, fault?.file], ['missing', 1, `${file}.1`]);
});

test('a log that is emptied while the agent writes it says so, and verify does too', async (t) => {
  const { folder, log, file } = await writtenLog(t);
  truncateSync(file, 0);
  await log.record(ended('2'), 'fact');
  assert.deepEqual(typesIn(file), [
    [5, 'continued'],
    [6, 'cut'],
    [7, 'end'],
  ]);
  const [continued, cut] = recordsIn(file);
  assert.deepEqual([continued?.after, cut?.expectedSeq], [null, 4]);
  const { fault } = await verdictWithHead(folder, file);
  assert.deepEqual([fault?.kind, fault?.line], ['cut', 1]);
  assert.match(fault?.sentence ?? '', /records 0 to 4 were removed, emptied or moved/);
});

test('a log that is emptied says so behind its copy, too', async (t) => {
  const { folder, log, file } = await writtenLog(t);
  copyFileSync(file, `${file}.1`);
  truncateSync(file, 0);
  await log.record(ended('2'), 'fact');
  assert.equal(recordsIn(file)[0]?.after, 'audit.log.1');
  assert.equal((await verdictWithHead(folder, file)).fault?.kind, 'cut');
});

test('a log that is removed while the agent writes it, or while it is away, is a fault', async (t) => {
  for (const isAway of [false, true]) {
    const { folder, log, file } = await writtenLog(t);
    if (isAway) await log.close();
    rmSync(file);
    const writer = isAway ? logIn(t, folder).log : log;
    await writer.record(ended('2'), 'fact');
    assert.equal(recordsIn(file)[0]?.after, null);
    const { fault } = await verdictWithHead(folder, file);
    assert.deepEqual([fault?.kind, fault?.line], ['cut', 1]);
  }
});

test('a log that is removed behind files that were put aside is a fault', async (t) => {
  const { folder, log, file } = await writtenLog(t);
  renameSync(file, `${file}.1`);
  await log.record(ended('2'), 'fact');
  rmSync(file);
  await log.record(ended('3'), 'fact');
  const { fault } = await verdictWithHead(folder, file);
  assert.deepEqual([fault?.kind, fault?.line, fault?.file], ['missing', 1, file]);
});

for (const [name, state] of [
  ['audit.log.1.gz', 'with a head'],
  ['audit.log.1.gz', 'without one'],
  ['audit.log-20261130.gz', 'with a head'],
  ['audit.log-20261130', 'without one'],
] as const) {
  test(`a log that logrotate has made ${name} of goes on and verifies (${state})`, async (t) => {
    const folder = folderFor(t);
    const options = state === 'with a head' ? {} : { stateDirectory: undefined };
    const first = logIn(t, folder, options);
    await first.log.record(start(), 'fact');
    await first.log.record(ended('1'), 'fact');
    await first.log.close();
    const { file } = first;
    const moved = path.join(folder, name);
    renameSync(file, moved);
    if (name.endsWith('.gz')) {
      const packed = gzipSync(readFileSync(moved));
      rmSync(moved);
      writeFileSync(moved, packed);
    }
    const second = logIn(t, folder, options);
    await second.log.record(start(2), 'fact');
    assert.deepEqual(typesIn(file)[0], [3, 'continued']);
    assert.equal(recordsIn(file)[0]?.after, name);
    const files = (await logFiles(file)).map((one) => one.path);
    assert.deepEqual(files, [moved, file]);
    const { fault, records } = await verdictOf(files);
    assert.deepEqual([fault, records], [undefined, 5]);
    const alone = await verdictOf([file]);
    assert.equal(alone.fault, undefined, 'the oldest files may be deleted');
    assert.match(
      alone.notes[0]?.sentence ?? '',
      new RegExp(`begins with record 3: .* in ${name}, which was`),
    );
  });
}

test('a log that is moved while it is being compressed is found once it is whole', async (t) => {
  const { folder, log, file } = await writtenLog(t);
  const whole = gzipSync(readFileSync(file));
  rmSync(file);
  writeFileSync(`${file}.1.gz`, whole.subarray(0, whole.length - 20));
  const written = log.record(ended('2'), 'fact');
  setTimeout(() => appendFileSync(`${file}.1.gz`, whole.subarray(whole.length - 20)), 50);
  await written;
  assert.equal(recordsIn(file)[0]?.after, 'audit.log.1.gz');
  assert.equal((await verdictWithHead(folder, file)).fault, undefined);
});

test('files that were moved to another folder verify when they are given with the rest', async (t) => {
  const { folder, log, file } = await writtenLog(t);
  const elsewhere = path.join(folder, 'old');
  mkdirSync(elsewhere);
  renameSync(file, path.join(elsewhere, 'audit.log'));
  await log.record(ended('2'), 'fact');
  assert.equal((await verdictOf([file])).fault?.kind, 'cut');
  assert.equal((await verdictOf([path.join(elsewhere, 'audit.log'), file])).fault, undefined);
});
