import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { DirectoryLock } from '../../../src/journal/directory-lock.js';
import { StateError } from '../../../src/journal/state-error.js';
import { stateDirectory } from './journal-helpers.js';

const MODULE = new URL('../../../src/journal/directory-lock.js', import.meta.url);

function isLocked(error: unknown): boolean {
  assert.ok(error instanceof StateError, String(error));
  assert.equal(error.kind, 'locked');
  assert.match(error.message, /in use by process \d+: stop that agent, or give this one a directory/);
  return true;
}

test('a directory is locked for one, and free again when it is given back', async (t) => {
  const directory = stateDirectory(t);
  const lock = await DirectoryLock.take(directory);
  await assert.rejects(DirectoryLock.take(directory), isLocked);
  assert.deepEqual(readdirSync(directory), ['lock']);
  await lock.release();
  assert.deepEqual(readdirSync(directory), []);
  await (await DirectoryLock.take(directory)).release();
});

test('of several that start at the same time exactly one gets it', async (t) => {
  const directory = stateDirectory(t);
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => DirectoryLock.take(directory)));
  const locks = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  assert.equal(locks.length, 1);
  await locks[0]?.release();
});

test('the lock of a process that was killed is replaced', async (t) => {
  const directory = stateDirectory(t);
  const script = `const { DirectoryLock } = await import(${JSON.stringify(pathToFileURL(MODULE.pathname).href)});
    await DirectoryLock.take(${JSON.stringify(directory)}); console.log('taken'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  await assert.rejects(DirectoryLock.take(directory), (error) => {
    isLocked(error);
    assert.match(String(error), new RegExp(`process ${String(child.pid)}`));
    return true;
  });
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(existsSync(path.join(directory, 'lock')), true, 'it is left behind');
  const lock = await DirectoryLock.take(directory);
  assert.deepEqual(readdirSync(directory), ['lock']);
  await lock.release();
});

test('a directory with a path too long for a socket can be locked', async (t) => {
  const directory = path.join(stateDirectory(t), 'a'.repeat(100), 'b'.repeat(60));
  const lock = await DirectoryLock.take(directory);
  await assert.rejects(DirectoryLock.take(directory), isLocked);
  await lock.release();
});
