import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../helpers/eventually.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MAIN = path.join(ROOT, 'dist', 'src', 'main.js');

function folder(t: TestContext): string {
  const made = mkdtempSync(path.join(tmpdir(), 'gatehouse-start-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Runs `gatehouse --version` where Node says that it is this version. */
function versionOn(t: TestContext, node: string): ReturnType<typeof spawnSync> {
  const preload = path.join(folder(t), 'version.cjs');
  const versions = `{ ...process.versions, node: ${JSON.stringify(node)} }`;
  writeFileSync(preload, `Object.defineProperty(process, 'versions', { value: ${versions} });`);
  return spawnSync(process.execPath, ['--require', preload, MAIN, '--version'], { encoding: 'utf8' });
}

for (const node of ['20.18.3', '18.20.8', '12.22.12', '9.11.2']) {
  test(`Node ${node} is refused with a sentence and exit code 78 (H19)`, (t) => {
    const { status, stderr, stdout } = versionOn(t, node);
    assert.equal(status, 78);
    const needed = `gatehouse: Node.js 20.19 or newer is needed, and this is ${node} (`;
    assert.ok(String(stderr).startsWith(needed), String(stderr));
    assert.equal(stdout, '');
  });
}

for (const node of ['20.19.0', '22.0.0', '26.1.0']) {
  test(`Node ${node} is taken`, (t) => {
    const { status, stdout } = versionOn(t, node);
    assert.equal(status, 0);
    assert.match(String(stdout), /^\d+\.\d+\.\d+/);
  });
}

test('the first file can be read by any Node with modules, and asks for what package.json asks for', () => {
  const text = readFileSync(MAIN, 'utf8');
  assert.doesNotMatch(text, /^import /m, 'a static import is loaded before the version is known');
  assert.doesNotMatch(text, /\?\.|\?\?|^await /m, 'syntax of Node 14 and newer');
  const { engines } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  const [, oldest = ''] = /OLDEST = \[(\d+, \d+)\]/.exec(text) ?? [];
  assert.equal(engines.node, `>=${oldest.replace(', ', '.')}`);
});

/** `gatehouse simulate`: the shortest way to a process that goes on. Resolves once it runs. */
async function running(t: TestContext, flags: readonly string[], env: Record<string, string> = {}) {
  const cwd = folder(t);
  const args = [...flags, MAIN, 'simulate', '--port', '0'];
  const child = spawn(process.execPath, args, {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output += text.toString()));
  await eventually(() => output.includes('http://') || undefined, 'the simulator');
  return { child, cwd, output: () => output };
}

test('SIGUSR1 opens no debugger', async (t) => {
  const { child, output } = await running(t, ['--inspect-port=0']);
  child.kill('SIGUSR1');
  // The signal is taken in the next turn of its loop, so an answer over HTTP that begins later comes behind it.
  const [, port = ''] = /http:\/\/127\.0\.0\.1:(\d+)/.exec(output()) ?? [];
  for (let times = 0; times < 3; times++) {
    const socket = connect(Number(port), '127.0.0.1');
    socket.end('GET / HTTP/1.0\r\n\r\n').resume();
    await once(socket, 'close');
  }
  assert.doesNotMatch(output(), /Debugger listening/);
  assert.equal(child.exitCode, null);
});

test('a diagnostic report that is asked for holds no secret of the environment and no address', async (t) => {
  const secret = 'report-canary-0815';
  const { child, cwd } = await running(t, ['--report-on-signal', '--report-signal=SIGWINCH'], {
    C8Y_PASSWORD: secret,
  });
  child.kill('SIGWINCH');
  child.kill('SIGTERM');
  await once(child, 'exit');
  for (const file of readdirSync(cwd)) {
    const report = readFileSync(path.join(cwd, file), 'utf8');
    assert.ok(!report.includes(secret), `${file} holds a secret`);
    assert.ok(!report.includes('localEndpoint'), `${file} holds addresses`);
  }
});
