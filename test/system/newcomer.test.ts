import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandsOf } from '../helpers/page-commands.js';
import { TerminalScreen } from '../helpers/terminal-screen.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What README says first. The packages are there already: a test asks no registry. */
const FIRST_COMMAND = 'npm ci && npm run demo';

/** Longest wait for the build, in ms: twenty seconds of a processor, which other tests may use as well. */
const BUILD_MS = 300_000;

/** The files of this repository in a folder of their own, as after a clone, with the packages installed. */
function clone(folder: string): void {
  const files = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).split('\n');
  for (const file of files.filter((name) => name !== '' && existsSync(path.join(ROOT, name)))) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    cpSync(path.join(ROOT, file), path.join(folder, file));
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
}

test('a newcomer who follows README gets a byte through a tunnel, and a refusal with its reason', async (t) => {
  assert.equal(commandsOf('README.md')[0]?.command, FIRST_COMMAND);
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-newcomer-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  clone(folder);
  const env = { PATH: `${path.dirname(process.execPath)}:${process.env.PATH ?? ''}`, PS1: '$ ' };
  const open = (): TerminalScreen => {
    const shell = new TerminalScreen(['bash', '--norc', '--noprofile'], folder, env);
    t.after(() => shell.close());
    return shell;
  };
  const demo = open();
  const other = open();
  const startedAt = Date.now();
  const after = (what: string): void =>
    t.diagnostic(`${what} after ${((Date.now() - startedAt) / 1_000).toFixed(1)} s, without npm ci`);

  demo.type(FIRST_COMMAND.replace('npm ci && ', ''));
  await demo.shows('Ctrl-C ends it.', BUILD_MS);
  after('the demo invites');
  const [, page = ''] = await demo.shows(/^ {2}(curl http:\/\/127\.0\.0\.1:\d+\/) /m);
  const [, denied = ''] = await demo.shows(/^ {2}(curl -m 3 http:\/\/127\.0\.0\.1:\d+\/) /m);
  other.type(page);
  await other.shows('<h1>HMI 3');
  after('the first tunnelled byte');
  other.type(denied);
  await demo.shows('policy-denied');
  after('the refusal');
  demo.capture('newcomer-demo');
  demo.press('C-c');
  await demo.shows('Stopping.');
});
