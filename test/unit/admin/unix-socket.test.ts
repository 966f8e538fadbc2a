import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { removeStaleSocket } from '../../../src/admin/unix-socket.js';
import { raw, statusOf, withAdmin } from './admin-helpers.js';

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-admin-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Leaves a socket file behind that nobody listens on, as a killed process does. */
async function leaveStaleSocket(file: string): Promise<void> {
  const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  await promisify(execFile)(process.execPath, ['-e', script, file]).catch(() => undefined);
  assert.ok(existsSync(file));
}

test('listens on a unix socket that owner and group may use, and removes it when it stops', () =>
  inFolder(async (folder) => {
    const file = path.join(folder, 'admin.sock');
    await withAdmin({ listen: { kind: 'unix', path: file } }, async () => {
      assert.equal(statSync(file).mode & 0o777, 0o660);
      const get = 'GET /api/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
      assert.equal(statusOf(await raw(file, get)), 200);
      assert.equal(statusOf(await raw(file, get.replace('localhost', 'evil.example'))), 421);
    });
    assert.equal(existsSync(file), false);
  }));

test('refuses a folder in which everybody may replace files; /tmp with its sticky bit is none', () =>
  inFolder(async (folder) => {
    const file = path.join(folder, 'admin.sock');
    const listen = { kind: 'unix', path: file } as const;
    chmodSync(folder, 0o777);
    await assert.rejects(
      withAdmin({ listen }, () => Promise.resolve()),
      /everybody can replace files in \S+; run: chmod o-w \S+$/,
    );
    chmodSync(folder, 0o1777);
    await withAdmin({ listen }, () => Promise.resolve());
  }));

test('takes the place of an agent that died', () =>
  inFolder(async (folder) => {
    const file = path.join(folder, 'admin.sock');
    await leaveStaleSocket(file);
    await withAdmin({ listen: { kind: 'unix', path: file } }, async () => {
      const get = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
      assert.equal(statusOf(await raw(file, get)), 200);
    });
  }));

test('leaves a socket alone that somebody listens on', () =>
  inFolder(async (folder) => {
    const file = path.join(folder, 'admin.sock');
    const other = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => other.listen(file, resolve));
    await assert.rejects(removeStaleSocket(file), /another process listens/);
    assert.ok(existsSync(file));
    await new Promise((resolve) => other.close(resolve));
  }));

test('leaves a file alone that is no socket', () =>
  inFolder(async (folder) => {
    const file = path.join(folder, 'notes.txt');
    writeFileSync(file, 'precious');
    await assert.rejects(removeStaleSocket(file), /is not a socket/);
    assert.ok(existsSync(file));
  }));
