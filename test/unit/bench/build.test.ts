import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { build } from '../../../bench/micro/harness/build.js';
import { until, untilTrue } from '../../helpers/until.js';

/** A package whose build runs these two programs, one after the other, as ours does. */
function packageWith(t: TestContext, first: string, second: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'micro-build-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'first.cjs'), first);
  writeFileSync(path.join(folder, 'second.cjs'), second);
  const scripts = { build: 'node first.cjs && node second.cjs' };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'x', version: '1.0.0', scripts }));
  return folder;
}

/** Whether the process exists and is more than a zombie that nobody has waited for; from Linux's /proc. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('a build that is stopped has ended with all of its programs when that is reported', async (t) => {
  const compiler = `fs.writeFileSync('pid', String(process.pid)); setInterval(() => {}, 1000);`;
  const folder = packageWith(t, '', `const fs = require('fs'); ${compiler}`);
  const controller = new AbortController();
  const building = build(folder, controller.signal);
  const pidFile = path.join(folder, 'pid');
  await untilTrue('the compiler', () => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '', 30_000);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  t.after(() => isRunning(pid) && process.kill(pid));
  controller.abort();
  await until('the end of the build', assert.rejects(building, { name: 'AbortError' }));
  // Its files are closed by now; the kernel may take a moment for the rest.
  await untilTrue('the end of the compiler', () => !isRunning(pid), 2_000);
});

test('a build that fails tells what the compiler said', async (t) => {
  const folder = packageWith(t, `console.log('a.ts(1,1): error TS1005')`, 'process.exit(2)');
  await assert.rejects(build(folder, new AbortController().signal), /does not build.*\n.*TS1005/);
});

test('a build that works resolves', async (t) => {
  await build(packageWith(t, '', ''), new AbortController().signal);
});
