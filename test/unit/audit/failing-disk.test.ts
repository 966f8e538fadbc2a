import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, truncateSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { test, type TestContext } from 'node:test';
import { MAX_AUDIT_BACKLOG } from '../../../contract/limits.js';
import { eventually } from '../../helpers/eventually.js';
import { allowed, ended, folderFor, logIn, recordsIn, start, verdictOf } from './audit-helpers.js';

/** What the disk does with the next calls. */
interface Disk {
  /** Errno of a write. */
  write?: string | undefined;
  /** Bytes of a failing write that still get through. */
  partial: number;
  /** Errno of a sync. */
  sync?: string | undefined;
  /** A file that can only be appended to (chattr +a). */
  keepsAll: boolean;
  syncs: number;
}

/** A log on a disk whose faults the test sets. */
function logOn(t: TestContext) {
  const disk: Disk = { partial: 0, keepsAll: false, syncs: 0 };
  const folder = folderFor(t);
  const openFile = async (...args: Parameters<typeof open>) => failing(await open(...args), disk);
  const made = logIn(t, folder, { openFile, retryMs: 20 });
  return { ...made, disk };
}

/** A real file that fails when the disk says so. */
function failing(handle: FileHandle, disk: Disk): FileHandle {
  const failed = (code: string): Error => Object.assign(new Error(code), { code });
  return Object.create(handle, {
    write: {
      value: async (bytes: Buffer, offset: number, length: number) => {
        if (disk.write === undefined) return handle.write(bytes, offset, length, null);
        if (disk.partial > 0) await handle.write(bytes, offset, Math.min(disk.partial, length), null);
        throw failed(disk.write);
      },
    },
    datasync: {
      value: async () => {
        disk.syncs += 1;
        if (disk.sync !== undefined) throw failed(disk.sync);
        return handle.datasync();
      },
    },
    truncate: {
      value: async (length: number) => {
        if (disk.keepsAll) throw failed('EPERM');
        return handle.truncate(length);
      },
    },
    stat: { value: () => handle.stat() },
    read: { value: (...args: Parameters<FileHandle['read']>) => handle.read(...args) },
    close: { value: () => handle.close() },
  }) as FileHandle;
}

const typesIn = (file: string) => recordsIn(file).map(({ type }) => type);

for (const partial of [0, 100]) {
  test(`a full disk (${partial} bytes still fit) refuses what is asked, keeps facts in order, and works again`, async (t) => {
    const { log, file, disk, said } = logOn(t);
    await log.record(start(), 'fact');
    disk.write = 'ENOSPC';
    disk.partial = partial;
    await assert.rejects(log.record(allowed('1'), 'asked'), { code: 'ENOSPC' });
    const later = ['2', '3', '4'].map((operation) =>
      log.record(ended(operation), 'fact').catch(() => undefined),
    );
    await Promise.all(later);
    assert.equal(log.state.pending, 3);
    assert.ok(log.state.failures > 1);
    assert.deepEqual(typesIn(file), ['genesis', 'start'], 'what was written in part is taken back');
    disk.write = undefined;
    await eventually(() => log.state.pending === 0 || undefined, 'the facts on the disk');
    await log.record(allowed('5'), 'asked');
    const operations = recordsIn(file).map(({ operation }) => operation);
    assert.deepEqual(operations, [undefined, undefined, '2', '3', '4', '5']);
    assert.equal((await verdictOf([file])).fault, undefined);
    assert.equal(said.length, 2, said.join('\n'));
    assert.match(said.join('\n'), /cannot be written: new sessions are refused[^]*written again/);
  });
}

test('what a failing disk leaves in a file that can only be appended to is accounted for', async (t) => {
  const { log, file, disk } = logOn(t);
  await log.record(start(), 'fact');
  Object.assign(disk, { write: 'ENOSPC', partial: 50, keepsAll: true });
  await assert.rejects(log.record(allowed('1'), 'asked'), { code: 'ENOSPC' });
  disk.write = undefined;
  await log.record(allowed('2'), 'asked');
  const { fault, notes } = await verdictOf([file]);
  assert.equal(fault, undefined);
  assert.match(notes[0]?.sentence ?? '', /51 bytes before it were left by a crash/);
});

test('a log whose very first record did not fit begins with it once there is room', async (t) => {
  const { log, file, disk } = logOn(t);
  disk.write = 'ENOSPC';
  await assert.rejects(log.record(allowed('1'), 'asked'), { code: 'ENOSPC' });
  disk.write = undefined;
  await log.record(allowed('2'), 'asked');
  assert.deepEqual(typesIn(file), ['genesis', 'decision']);
  assert.equal((await verdictOf([file])).fault, undefined);
});

test('what a disk that is full did not let the log say of itself is said later', async (t) => {
  const { log, file, disk } = logOn(t);
  await log.record(start(), 'fact');
  await log.record(ended('1'), 'fact');
  truncateSync(file, 0);
  disk.write = 'ENOSPC';
  await assert.rejects(log.record(allowed('1'), 'asked'), { code: 'ENOSPC' });
  disk.write = undefined;
  await log.record(allowed('2'), 'asked');
  assert.deepEqual(typesIn(file), ['continued', 'cut', 'decision']);
  appendFileSync(file, '{"seq":6,"pr');
  disk.write = 'ENOSPC';
  await assert.rejects(log.record(allowed('3'), 'asked'), { code: 'ENOSPC' });
  disk.write = undefined;
  await log.record(allowed('4'), 'asked');
  assert.equal(readFileSync(file, 'utf8').match(/"type":"torn"/g)?.length, 1);
});

test('records that were written and could not be synced are not written a second time', async (t) => {
  const { log, file, disk } = logOn(t);
  await log.record(start(), 'fact');
  disk.sync = 'EIO';
  await log.record(ended('1'), 'fact').catch(() => undefined);
  await assert.rejects(log.record(allowed('2'), 'asked'), { code: 'EIO' });
  disk.sync = undefined;
  await eventually(() => log.state.pending === 0 || undefined, 'the fact on the disk');
  await log.record(ended('3'), 'fact');
  const ends = recordsIn(file).filter(({ type }) => type === 'end');
  assert.deepEqual(
    ends.map(({ operation }) => operation),
    ['1', '3'],
  );
  assert.equal((await verdictOf([file])).fault, undefined);
});

test('a thousand records at once are a few syncs', async (t) => {
  const { log, disk } = logOn(t);
  await log.record(start(), 'fact');
  disk.syncs = 0;
  await Promise.all(Array.from({ length: 1_000 }, (_, index) => log.record(allowed(String(index)), 'asked')));
  assert.equal(disk.syncs, 1);
});

test('beyond the bound the oldest facts are lost, and the log says how many', async (t) => {
  const { log, file, disk } = logOn(t);
  await log.record(start(), 'fact');
  disk.write = 'EIO';
  const all = Array.from({ length: MAX_AUDIT_BACKLOG + 3 }, (_, index) =>
    log.record(ended(String(index)), 'fact').catch(() => undefined),
  );
  await Promise.all(all);
  assert.equal(log.state.pending, MAX_AUDIT_BACKLOG);
  disk.write = undefined;
  await eventually(() => log.state.pending === 0 || undefined, 'the facts on the disk');
  const records = recordsIn(file);
  assert.deepEqual([records[2]?.type, records[2]?.count, records[3]?.operation], ['lost', 3, '3']);
  const { fault, notes } = await verdictOf([file]);
  assert.equal(fault, undefined);
  assert.match(notes[0]?.sentence ?? '', /^3 records were lost/);
});
