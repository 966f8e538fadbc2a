import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  openFilesLimit,
  ownMemory,
  portRange,
  tcpPages,
  tcpPagesLimit,
} from '../../../src/resources/proc-files.js';
import { ResourceReader } from '../../../src/resources/resource-reader.js';

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             96235                96235                processes
Max open files            1024                 524288               files
`;

const SOCKSTAT = `sockets: used 231
TCP: inuse 17 orphan 0 tw 21 alloc 19 mem 250
UDP: inuse 2 mem 1
`;

/** A folder like /proc with these files, and what the reader finds in it. */
function reader(t: TestContext, files: Readonly<Record<string, string>>, pids: readonly number[] = []) {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const unreadable: string[] = [];
  const resources = new ResourceReader({
    procFolder: folder,
    memoryLimit: () => 1_000,
    pids: () => pids,
    sessions: () => 7,
    onUnreadable: (resource) => unreadable.push(resource),
  });
  return { resources, unreadable, folder };
}

test('reads what the files of the system say', () => {
  assert.equal(openFilesLimit(LIMITS), 1_024);
  assert.equal(openFilesLimit(LIMITS.replace('1024  ', 'unlimited')), Infinity);
  assert.equal(
    ownMemory('VmRSS:\t 90000 kB\nRssAnon:\t   5000 kB\nRssFile:\t 40000 kB\nRssShmem:\t 8 kB\n'),
    5_128_192,
  );
  assert.equal(tcpPages(SOCKSTAT), 250);
  assert.equal(tcpPagesLimit('188319\t251095\t376638\n'), 376_638);
  assert.equal(portRange('50000\t50050\n'), 51);
});

test('a file that says nothing of it gives nothing', () => {
  for (const read of [openFilesLimit, ownMemory, tcpPages, tcpPagesLimit, portRange]) {
    for (const text of ['', 'nonsense', '\0\n1', 'Max open files', 'TCP: inuse 1']) {
      assert.equal(read(text), undefined, `${read.name} of ${JSON.stringify(text)}`);
    }
  }
});

test('what cannot be read here is told once and not watched; memory always is', async (t) => {
  const { resources, unreadable } = reader(t, { 'sys/net/ipv4/ip_local_port_range': '1024 65535' });
  const sample = await resources.read();
  assert.equal(sample.memory?.limit, 1_000);
  assert.deepEqual(sample.ports, { used: 7, limit: 64_512 });
  assert.deepEqual(Object.keys(sample), ['memory', 'ports']);
  await resources.read();
  assert.deepEqual(unreadable, ['descriptors', 'kernel-memory']);
});

test('what could be read once and cannot any more stays as it was', async (t) => {
  const files = { 'self/net/sockstat': SOCKSTAT, 'sys/net/ipv4/tcp_mem': '1 2 1000\n' };
  const { resources, unreadable, folder } = reader(t, files);
  const before = await resources.read();
  assert.deepEqual(before['kernel-memory'], { used: 250 * 4_096, limit: 1_000 * 4_096 });
  rmSync(path.join(folder, 'self/net/sockstat'));
  assert.deepEqual((await resources.read())['kernel-memory'], before['kernel-memory']);
  assert.equal(unreadable.includes('kernel-memory'), false);
});

test('memory of worker processes counts, the descriptors are those of the process that has most', async (t) => {
  const files = { 'self/limits': LIMITS, '11/status': 'RssAnon:\t 1000000000 kB\n' };
  const { resources, folder } = reader(t, files, [11]);
  for (const [pid, count] of [
    ['self', 3],
    ['11', 2_000],
  ] as const) {
    mkdirSync(path.join(folder, pid, 'fd'), { recursive: true });
    for (let fd = 0; fd < count; fd += 1) writeFileSync(path.join(folder, pid, 'fd', String(fd)), '');
  }
  const sample = await resources.read();
  assert.ok((sample.memory?.used ?? 0) > 1_024_000_000_000);
  assert.equal(sample.descriptors?.limit, 1_024);
  assert.ok(sample.descriptors.used >= 2_000);
});
