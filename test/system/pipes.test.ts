import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { processTree } from '../faults/rig/processes.js';
import { Patient } from '../helpers/doctor.js';
import { eventually } from '../helpers/eventually.js';
import { quoted } from '../helpers/terminal-screen.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { MAIN } from '../helpers/wizard-terminal.js';

/* Whoever reads the output of a command may leave before its end: no error, no stack trace, and nothing left behind. */

const GATEHOUSE = `${quoted(process.execPath)} ${quoted(MAIN)}`;

/** A shell with a process group of its own, as a terminal gives it one; its temporary files are in `folder`. */
function shell(t: TestContext, script: string, folder: string): ChildProcess {
  const child = spawn('sh', ['-c', script], {
    cwd: folder,
    env: { PATH: process.env.PATH, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  t.after(() => {
    for (const pid of processTree(child.pid ?? 0)) process.kill(pid, 'SIGKILL');
  });
  return child;
}

async function complaints(t: TestContext, script: string, folder: string): Promise<string> {
  const child = shell(t, script, folder);
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(child, 'close');
  return text;
}

for (const [command, reader] of [
  ['check --help', 'true'],
  ['check --print', 'true'],
  ['check', 'true'],
  ['check --json', 'true'],
  ['schema', 'head -n 1'],
] as const) {
  test(`gatehouse ${command} | ${reader} ends quietly, with its own exit code`, async (t) => {
    const patient = await Patient.healthy(t);
    const script = `{ ${GATEHOUSE} ${command}; echo "code $?" >&2; } | ${reader}`;
    assert.equal(await complaints(t, script, patient.folder), 'code 0\n');
  });
}

test('a command whose error output nobody reads ends with its own exit code', async (t) => {
  const folder = temporaryFolder(t);
  const script = `{ ${GATEHOUSE} nonsense 2>&1 >/dev/null; echo "code $?" >&3; } 3>&2 | true`;
  assert.equal(await complaints(t, script, folder), 'code 64\n');
});

test('demo | tee ends with Ctrl-C and leaves nothing behind', async (t) => {
  const folder = temporaryFolder(t);
  const child = shell(t, `${GATEHOUSE} demo | tee shown`, folder);
  const shown = path.join(folder, 'shown');
  await eventually(() => read(shown).includes('Ctrl-C ends it') || undefined, 'the demo');
  const pids = processTree(child.pid ?? 0);
  process.kill(-(child.pid ?? 0), 'SIGINT');
  await eventually(() => pids.every((pid) => processTree(pid).length === 0) || undefined, 'the end');
  assert.deepEqual(readdirSync(folder), ['shown']);
});

test('demo | head ends by itself and leaves nothing behind', async (t) => {
  const folder = temporaryFolder(t);
  const script = `{ ${GATEHOUSE} demo; echo "code $?" >&2; } | head -n 1`;
  assert.equal(await complaints(t, script, folder), 'code 0\n');
  assert.deepEqual(readdirSync(folder), []);
});

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
