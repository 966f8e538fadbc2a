import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readPage, runPage } from '../../helpers/page-commands.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const PAGE = 'docs/contributor/building.md';

/** Longest run of one command, in ms; the build takes 20 s on a small machine. */
const RUN_MS = 300_000;

/** A copy of the sources, without what was built: the build empties its folder, and this test runs out of it. */
function checkout(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-checkout-'));
  const list = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: ROOT,
  });
  for (const file of list.toString().split('\0')) {
    if (file === '' || !existsSync(path.join(ROOT, file))) continue;
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    cpSync(path.join(ROOT, file), path.join(folder, file));
  }
  return folder;
}

test('from a fresh checkout to the first change, as docs/contributor/building.md says', async (t) => {
  const folder = checkout();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  // Of another test runner around it, the one inside would report to that.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const run = (command: string): string => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
      cwd: folder,
      env,
      encoding: 'utf8',
      timeout: RUN_MS,
    });
    assert.equal(status, 0, `${command}\n${stdout.slice(-3_000)}\n${stderr.slice(-3_000)}`);
    return stdout;
  };
  await runPage(PAGE, {
    'npm ci': () => {
      // Without the network: that package.json and the lock file agree is what can go wrong here.
      run('npm ci --dry-run --offline --ignore-scripts');
      symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
    },
    'npm run build': (command) => {
      run(command);
      assert.ok(existsSync(path.join(folder, 'dist/src/main.js')));
    },
    'node dist/src/main.js demo --once': (command) => void run(command),
    'node dist/test/run.js unit/policy': (command) => assert.match(run(command), /fail 0/),
    'npx prettier --check src/policy': (command) => void run(command),
    'npx eslint src/policy': (command) => void run(command),
    // Compiling all of it once more would tell nothing new: it is the flags that can be wrong.
    'npx tsc -p . --incremental --tsBuildInfoFile dist/.tsbuildinfo': (command) =>
      void run(`${command} --listFilesOnly`),
  });
});

test('every npm script that the page names exists', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...readPage(PAGE).matchAll(/`npm (?:run )?([\w:]+)/g)].map(([, name = '']) => name);
  assert.ok(named.length > 10);
  for (const name of named.filter((each) => each !== 'ci')) assert.ok(Object.hasOwn(scripts, name), name);
});
