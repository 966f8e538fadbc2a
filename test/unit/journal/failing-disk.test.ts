import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { readContent } from '../../../src/journal/file-content.js';
import { JOURNAL_TEXTS } from '../../../src/journal/journal.js';
import { JournalFile } from '../../../src/journal/journal-file.js';
import { OperationTable } from '../../../src/journal/operation-table.js';
import type { OperationRecord } from '../../../src/journal/record.js';
import { eventually } from '../../helpers/eventually.js';
import { skipOutsideCi } from '../../helpers/programs.js';
import { claimOf, journalIn, smallDisk, stateDirectory, successful } from './journal-helpers.js';

/** What the disk does with the next calls. */
interface Disk {
  fault: string | undefined;
  /** Bytes of a write that still get through when it fails. */
  partial: number;
  /** Calls wait for this. */
  gate: Promise<void> | undefined;
  syncs: number;
  writes: number;
}

const claimed = (id: string): OperationRecord => ({ type: 'claimed', id, device: '4', at: 1 });
const final = (id: string): OperationRecord => ({ type: 'final', id, device: '4', status: 'FAILED', at: 1 });

/** A journal file on a disk whose faults the test sets. */
async function fileOn(t: TestContext, waitMs?: number) {
  const directory = stateDirectory(t);
  mkdirSync(directory, { mode: 0o700 });
  const name = path.join(directory, 'journal.1');
  const disk: Disk = { fault: undefined, partial: 0, gate: undefined, syncs: 0, writes: 0 };
  const table = new OperationTable();
  const lines: string[] = [];
  const keep = (_: object, message: string): void => void lines.push(message);
  const file = new JournalFile({
    directory,
    path: name,
    generation: 1,
    now: () => 1,
    openFile: async (...args: Parameters<typeof open>) => failing(await open(...args), disk),
    snapshot: () => table.records(),
    live: () => table.size,
    onWritten: (record) => table.apply(record),
    onRewritten: () => Promise.resolve(),
    log: { info: keep, warn: keep, error: keep },
    texts: JOURNAL_TEXTS,
    ...(waitMs === undefined ? {} : { waitMs }),
  });
  await file.rewrite();
  t.after(() => file.close());
  /** What a process that starts now would read. */
  const onDisk = (): OperationRecord[] => {
    const content = readContent(readFileSync(name));
    return content.kind === 'whole' ? [...content.records] : assert.fail(content.kind);
  };
  return { file, disk, table, lines, onDisk };
}

/** A real file that fails when the disk says so. */
function failing(handle: FileHandle, disk: Disk): FileHandle {
  const check = async (): Promise<void> => {
    await disk.gate;
    if (disk.fault !== undefined) throw Object.assign(new Error(disk.fault), { code: disk.fault });
  };
  return Object.create(handle, {
    write: {
      value: async (bytes: Buffer, offset: number, length: number, position: number) => {
        disk.writes += 1;
        if (disk.fault !== undefined && disk.partial > 0) {
          await handle.write(bytes, offset, Math.min(disk.partial, length), position);
        }
        await check();
        return handle.write(bytes, offset, length, position);
      },
    },
    datasync: {
      value: async () => {
        disk.syncs += 1;
        await check();
        return handle.datasync();
      },
    },
    truncate: { value: (length: number) => handle.truncate(length) },
    sync: { value: () => handle.sync() },
    close: { value: () => handle.close() },
  }) as FileHandle;
}

test('what comes in while the disk works goes out in one write with one sync', async (t) => {
  const { file, disk, onDisk } = await fileOn(t);
  disk.writes = disk.syncs = 0;
  const ids = Array.from({ length: 500 }, (_, index) => String(index + 1));
  await Promise.all(ids.map((id) => file.append(claimed(id), 'asked')));
  assert.deepEqual([disk.writes, disk.syncs], [1, 1]);
  assert.equal(onDisk().length, 500);
  await file.append({ type: 'acked', id: '1', at: 1 }, 'hint');
  assert.deepEqual([disk.writes, disk.syncs], [2, 1], 'a hint needs no sync');
});

for (const errno of ['ENOSPC', 'EIO', 'EROFS', 'EDQUOT']) {
  test(`L02, L03: at ${errno} a claim is refused, what is decided is kept, and it works again by itself`, async (t) => {
    const { file, disk, table, lines, onDisk } = await fileOn(t);
    await file.append(claimed('1'), 'asked');
    disk.fault = errno;
    disk.partial = 7;
    await assert.rejects(file.append(claimed('2'), 'asked'), { code: errno });
    table.apply(final('1'));
    await assert.rejects(file.append(final('1'), 'fact'), { code: errno });
    await assert.rejects(file.append(claimed('3'), 'asked'), { code: errno });
    assert.deepEqual(onDisk(), [claimed('1')], 'a torn end is left, and nothing else');
    assert.equal(table.get('2'), undefined);
    disk.fault = undefined;
    await file.append(claimed('4'), 'asked');
    assert.deepEqual(onDisk(), [claimed('1'), final('1'), claimed('4')]);
    assert.deepEqual(lines, [
      'the journal cannot be written: new operations are refused until it can',
      'the journal can be written again',
    ]);
  });
}

test('L03: a disk that does not answer is waited for so long and no longer, and what it did counts', async (t) => {
  const { file, disk, table, lines, onDisk } = await fileOn(t, 50);
  let open = (): void => undefined;
  disk.gate = new Promise((resolve) => (open = resolve));
  const first = file.append(claimed('1'), 'asked');
  await assert.rejects(first, { code: 'ETIMEDOUT' });
  table.apply(final('1'));
  await assert.rejects(file.append(final('1'), 'fact'), { code: 'ETIMEDOUT' });
  await assert.rejects(file.append(claimed('2'), 'asked'), { code: 'ETIMEDOUT' });
  disk.gate = undefined;
  open();
  await eventually(() => (file.failure === undefined ? true : undefined), 'a disk that works again');
  await file.append(claimed('3'), 'asked');
  assert.deepEqual(onDisk(), [claimed('1'), final('1'), claimed('3')]);
  assert.equal(lines.length, 2);
});

test('L02: on a full disk operations are refused; nothing is lost, and a free one is used again', async (t) => {
  const directory = smallDisk(t, 65_536);
  if (directory === undefined) return skipOutsideCi(t, 'mounting needs root');
  const { journal, lines } = journalIn(directory);
  await journal.open();
  await journal.claim(claimOf('1'));
  const ballast = path.join(directory, 'ballast');
  assert.throws(() => writeFileSync(ballast, Buffer.alloc(100_000)), { code: 'ENOSPC' });
  const accepted: string[] = [];
  for (let id = 2; id < 200; id += 1) {
    await journal.claim(claimOf(String(id))).then(
      () => accepted.push(String(id)),
      (error: unknown) => assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC'),
    );
  }
  assert.ok(accepted.length < 198, 'the disk was full');
  await assert.rejects(journal.settle(successful('1')), { code: 'ENOSPC' });
  rmSync(ballast);
  await journal.claim(claimOf('300'));
  await journal.close();
  assert.equal(lines.length, 2, lines.join('\n'));
  const next = journalIn(directory, { generation: 2 }).journal;
  const { operations } = await next.open();
  const claimed = operations.map(({ operationId }) => operationId).sort();
  assert.deepEqual(claimed, ['1', '300', ...accepted].sort());
  assert.equal(operations.find(({ operationId }) => operationId === '1')?.final?.status, 'SUCCESSFUL');
  await next.close();
});

test('L02: an agent that starts on a full disk takes nothing on, and does when there is room', async (t) => {
  const directory = smallDisk(t, 65_536);
  if (directory === undefined) return skipOutsideCi(t, 'mounting needs root');
  const first = journalIn(directory).journal;
  await first.open();
  await first.claim(claimOf('1'));
  await first.close();
  const ballast = path.join(directory, 'ballast');
  assert.throws(() => writeFileSync(ballast, Buffer.alloc(100_000)), { code: 'ENOSPC' });
  const { journal, lines } = journalIn(directory, { generation: 2 });
  const { finals } = await journal.open();
  assert.deepEqual(
    finals.map(({ operationId }) => operationId),
    ['1'],
  );
  await assert.rejects(journal.claim(claimOf('2')), { code: 'ENOSPC' });
  rmSync(ballast);
  await journal.claim(claimOf('3'));
  assert.match(lines.join('\n'), /ENOSPC[^]*written again/);
  await journal.close();
});
