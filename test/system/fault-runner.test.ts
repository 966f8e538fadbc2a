import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { RowResult } from '../faults/runner/result.js';

const MAIN = fileURLToPath(new URL('../faults/main.js', import.meta.url));
const SELF_CHECK = fileURLToPath(new URL('../faults/self-check.js', import.meta.url));

interface End {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function faults(...args: string[]): Promise<End> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, '--catalogue', SELF_CHECK, ...args], (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

test('the fault runner tells rows that survive from those that fail, leak, or never end', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const json = path.join(folder, 'results.json');
  const { code, stdout } = await faults('--jobs', '3', '--json', json);
  assert.equal(code, 1);
  const document = JSON.parse(readFileSync(json, 'utf8')) as { rows: RowResult[]; survived: number };
  const told = document.rows.map(({ id, outcome, reason = '' }) => `${id} ${outcome} ${reason}`);
  const expected = [
    /^X01 survived $/,
    /^X02 failed .*'SUCCESSFUL'/,
    /^X03 leaked sessions are left: \S+ open/,
    /^X04 leaked a secret is in the log$/,
    /^X05 failed not over within 1\.5 s$/,
    /^X06 failed nobody waits for this$/,
    /^X07 survived $/,
    /^X08 not-run says that it cannot be run$/,
  ];
  assert.equal(told.length, expected.length);
  for (const [index, pattern] of expected.entries()) assert.match(told[index] ?? '', pattern);
  assert.equal(document.survived, 2);
  assert.deepEqual(document.rows[0]?.figures, { answer: 42 });
  assert.match(stdout, /^X03 {2}LEAKED: sessions are left/m);
  assert.match(stdout, /^survived 2 of 8$/m);
});

test('the fault runner repeats rows, and exits with 0 when all that it ran survived', async () => {
  const { code, stdout } = await faults('--only', 'X01,X08', '--repeat', '2');
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^X01 {2}survived .* 2 x /m);
  assert.match(stdout, /^survived 1 of the 2 selected rows; the catalogue has 8$/m);
});

test('the fault runner refuses rows that are not there', async () => {
  const { code, stderr } = await faults('--only', 'Z99');
  assert.equal(code, 64);
  assert.match(stderr, /no row Z99/);
});
