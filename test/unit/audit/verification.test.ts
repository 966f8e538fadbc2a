import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { decodeLine, encodeLine, sha256 } from '../../../src/audit/record.js';
import { Verification } from '../../../src/audit/verification.js';
import { seeded } from '../../helpers/random.js';
import { allowed, ended, folderFor, logIn, opened, start, verdictOn } from './audit-helpers.js';

/** The lines of a log with a few sessions. */
async function someLog(t: TestContext) {
  const folder = folderFor(t);
  const { log, file } = logIn(t, folder);
  await log.record(start(), 'fact');
  for (const operation of ['1', '2', '3']) {
    await log.record(allowed(operation), 'asked');
    await log.record(opened(operation), 'asked');
    await log.record(ended(operation), 'fact');
  }
  await log.close();
  const bytes = readFileSync(file);
  const lines = bytes
    .toString('latin1')
    .split('\n')
    .slice(0, -1)
    .map((line) => `${line}\n`);
  const judge = async (changed: readonly string[]) =>
    (await verdictOn(folder, Buffer.from(changed.join(''), 'latin1'))).fault;
  return { folder, bytes, lines, judge };
}

/** The verdict on bytes in memory. */
function judged(bytes: Buffer) {
  const verification = new Verification();
  verification.beginFile('log');
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0x0a, from);
    const to = end === -1 ? bytes.length : end + 1;
    verification.take(bytes.subarray(from, to));
    from = to;
  }
  return verification.end();
}

test('finds every change of one byte, at its line', async (t) => {
  const { bytes } = await someLog(t);
  const random = seeded(7);
  assert.equal(judged(bytes).fault, undefined);
  let line = 1;
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (bytes[at] ?? 0) ^ (1 + Math.floor(random() * 255));
    assert.equal(judged(changed).fault?.line, line, `byte ${at} ${String(changed[at])}`);
    const removed = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    assert.equal(judged(removed).fault?.line, line, `without byte ${at}`);
    const inserted = Buffer.concat([bytes.subarray(0, at), Buffer.from('x'), bytes.subarray(at)]);
    assert.equal(judged(inserted).fault?.line, line, `with a byte at ${at}`);
    if (bytes[at] === 0x0a) line += 1;
  }
});

test('finds a dropped line', async (t) => {
  const { lines, judge } = await someLog(t);
  for (let drop = 1; drop < lines.length - 1; drop += 1) {
    const fault = await judge(lines.filter((_, index) => index !== drop));
    assert.deepEqual([fault?.kind, fault?.line], ['missing', drop + 1]);
    assert.match(fault?.sentence ?? '', new RegExp(`record ${drop} is missing`));
  }
});

test('finds two lines that changed places', async (t) => {
  const { lines, judge } = await someLog(t);
  for (let first = 1; first < lines.length - 1; first += 1) {
    const swapped = [...lines];
    [swapped[first], swapped[first + 1]] = [lines[first + 1] ?? '', lines[first] ?? ''];
    assert.equal((await judge(swapped))?.line, first + 1);
  }
});

test('finds an inserted line, whether it is a copy or forged with the right hashes', async (t) => {
  const { lines, judge } = await someLog(t);
  for (let at = 1; at < lines.length - 1; at += 1) {
    const copied = await judge([...lines.slice(0, at), lines[1] ?? '', ...lines.slice(at)]);
    assert.equal(copied?.line, at === 1 ? 2 + 1 : at + 1, `a copy at ${at}`);
    const forged = encodeLine(at, sha256(lines[at - 1] ?? ''), {
      ...ended('66'),
      at: new Date().toISOString(),
    });
    const fault = await judge([...lines.slice(0, at), forged, ...lines.slice(at)]);
    assert.deepEqual([fault?.kind, fault?.line], ['inserted', at + 1], `forged at ${at}`);
  }
});

test('finds a line that was replaced by another one with a right checksum', async (t) => {
  const { lines, judge } = await someLog(t);
  for (let at = 1; at < lines.length - 2; at += 1) {
    const forged = encodeLine(at, sha256(lines[at - 1] ?? ''), {
      ...ended('66'),
      at: new Date().toISOString(),
    });
    const fault = await judge(lines.map((line, index) => (index === at ? forged : line)));
    assert.deepEqual([fault?.kind, fault?.line], ['changed', at + 1]);
  }
});

test('a cut end is seen by an anchor alone', async (t) => {
  const { folder, lines } = await someLog(t);
  const last = decodeLine(Buffer.from(lines.at(-1) ?? ''));
  assert.ok(typeof last !== 'string');
  const anchor = { seq: last.seq, hash: last.hash, source: 'an event' };
  for (let kept = 1; kept < lines.length; kept += 1) {
    const bytes = Buffer.from(lines.slice(0, kept).join(''), 'latin1');
    assert.equal((await verdictOn(folder, bytes)).fault, undefined);
    const { fault } = await verdictOn(folder, bytes, [anchor]);
    assert.deepEqual([fault?.kind, fault?.line], ['cut', kept]);
  }
  const whole = await verdictOn(folder, Buffer.from(lines.join(''), 'latin1'), [anchor]);
  assert.deepEqual(whole.confirmed, ['an event']);
  const other = { ...anchor, hash: '0'.repeat(64) };
  const { fault } = await verdictOn(folder, Buffer.from(lines.join(''), 'latin1'), [other]);
  assert.deepEqual([fault?.kind, fault?.line], ['replaced', lines.length]);
});

test('a log that was written anew from some line on is seen by an anchor', async (t) => {
  const { folder, lines } = await someLog(t);
  const honest = decodeLine(Buffer.from(lines.at(-1) ?? ''));
  assert.ok(typeof honest !== 'string');
  let prev = sha256(lines[2] ?? '');
  const forged = lines.slice(0, 3);
  for (let seq = 3; seq < lines.length; seq += 1) {
    const line = encodeLine(seq, prev, { ...ended(String(seq)), at: new Date().toISOString() });
    forged.push(line);
    prev = sha256(line);
  }
  const bytes = Buffer.from(forged.join(''), 'latin1');
  assert.equal((await verdictOn(folder, bytes)).fault, undefined, 'hashes without a key prove no author');
  const { fault } = await verdictOn(folder, bytes, [{ ...honest, source: 'an event' }]);
  assert.equal(fault?.kind, 'replaced');
});

test('a log that was emptied, or replaced by another one, is seen by its head', async (t) => {
  const { folder, lines } = await someLog(t);
  const head = { chain: 'f'.repeat(32), seq: 3, hash: '0'.repeat(64), source: 'audit.head' };
  const empty = await verdictOn(folder, Buffer.alloc(0), [head]);
  assert.match(empty.fault?.sentence ?? '', /the log is empty, and audit\.head knows record 3/);
  const other = await verdictOn(folder, Buffer.from(lines.join(''), 'latin1'), [head]);
  assert.equal(other.fault?.kind, 'other-chain');
});

test('an agent that finds another log in the place of its own says so in it', async (t) => {
  const { folder } = await someLog(t);
  const other = logIn(t, folderFor(t));
  await other.log.record(start(), 'fact');
  await other.log.close();
  const again = logIn(t, folder);
  writeFileSync(again.file, readFileSync(other.file));
  await again.log.record(start(2), 'fact');
  const { fault } = await verdictOn(folder, readFileSync(again.file));
  assert.match(fault?.sentence ?? '', /found here another log than the one that it had written/);
});
