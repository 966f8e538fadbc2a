import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AgentProcess } from '../helpers/agent-process.js';
import { PlantTarget } from '../helpers/plant.js';

/*
 * Node's permission model, as docs/hardening.md recommends it. It takes the process the right to read and write other
 * files and to start programs, also where a hostile byte would find a way to run code of its own; it does not limit the
 * network.
 */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Without addons, so without bufferutil: the stricter of the two. */
function flags(more: readonly string[] = []): string[] {
  const model = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  // Names are resolved, and the process's own figures are read for the metrics.
  const system = ['/etc/hosts', '/etc/resolv.conf', '/proc/self/', '/proc/meminfo'];
  const read = [ROOT, `${realpathSync(path.join(ROOT, 'node_modules'))}/`, ...system];
  return [
    model,
    ...read.map((place) => `--allow-fs-read=${place}`),
    '--allow-worker',
    '--disallow-code-generation-from-strings',
    '--disable-proto=delete',
    '--no-warnings',
    ...more,
  ];
}

/** What code in the agent's place may do: one word per attempt. */
const ATTEMPTS = `
  const attempt = (what) => { try { what(); return 'possible'; } catch (error) { return error.code ?? error.name; } };
  const results = {
    read: attempt(() => require('fs').readFileSync('/etc/shadow')),
    list: attempt(() => require('fs').readdirSync('/root')),
    write: attempt(() => require('fs').writeFileSync('/tmp/gatehouse-permission-test', 'x')),
    spawn: attempt(() => require('child_process').spawnSync('/bin/true')),
    addon: attempt(() => process.dlopen({ exports: {} }, '/usr/lib/x86_64-linux-gnu/libc.so.6')),
    eval: attempt(() => eval('1 + 1')),
    function: attempt(() => new Function('return 1')()),
    proto: ({}).__proto__ === undefined ? 'gone' : 'there',
  };`;

const SAFE = {
  read: 'ERR_ACCESS_DENIED',
  list: 'ERR_ACCESS_DENIED',
  write: 'ERR_ACCESS_DENIED',
  spawn: 'ERR_ACCESS_DENIED',
  addon: 'ERR_DLOPEN_DISABLED',
  eval: 'EvalError',
  function: 'EvalError',
  proto: 'gone',
};

function attempts(nodeFlags: readonly string[], script: string): Record<string, string> {
  const { stdout, stderr } = spawnSync(process.execPath, [...nodeFlags, '-e', script], { encoding: 'utf8' });
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout) as Record<string, string>;
}

test('code inside the agent reads no other file, starts no program, loads no addon and makes no code', () => {
  const script = `${ATTEMPTS} console.log(JSON.stringify(results));`;
  assert.deepEqual(attempts(flags(), script), SAFE);
  // All of it is possible without: the attempts themselves are no dummies.
  const { read, spawn, eval: evaluated } = attempts([], script);
  assert.deepEqual([spawn, evaluated], ['possible', 'possible']);
  assert.notEqual(read, 'ERR_ACCESS_DENIED');
});

test('a worker thread has no more rights than the process', () => {
  const inside = `${ATTEMPTS} require('worker_threads').parentPort.postMessage(results);`;
  const script = `
    const { Worker } = require('worker_threads');
    const worker = new Worker(${JSON.stringify(inside)}, { eval: true });
    worker.once('message', (results) => console.log(JSON.stringify(results)));`;
  const results = attempts(flags(), script);
  for (const right of ['read', 'list', 'write', 'spawn', 'addon'] as const) {
    assert.equal(results[right], SAFE[right], right);
  }
});

for (const [what, more, hasBufferutil] of [
  // Where node-gyp-build looks for the kind of C library.
  ['with addons', ['--allow-addons', '--allow-fs-read=/etc/alpine-release'], '1'],
  ['without addons, and so without bufferutil (H16)', [], '0'],
] as const) {
  test(`the agent works under Node's permission model ${what}`, async (t) => {
    const plant = await PlantTarget.listen();
    t.after(() => plant.close());
    const agent = await AgentProcess.start({
      nodeFlags: (folder) => [
        ...flags([...more]),
        // The parent starts generations with it, and they get all flags but this one.
        '--allow-child-process',
        `--allow-fs-read=${folder}/`,
        `--allow-fs-write=${folder}/`,
      ],
    });
    t.after(() => agent.stop());
    const tunnel = await agent.open(plant);
    tunnel.write('through and back');
    const [bytes] = (await once(tunnel, 'data')) as [Buffer];
    assert.equal(bytes.toString(), 'through and back');
    const metrics = await (await fetch(`${agent.adminUrl}/metrics`)).text();
    const isBuilt = existsSync(path.join(ROOT, 'node_modules', 'bufferutil', 'prebuilds'));
    if (isBuilt || hasBufferutil === '0')
      assert.match(metrics, new RegExp(`^gatehouse_bufferutil ${hasBufferutil}$`, 'm'));
    assert.match(metrics, /^process_resident_memory_bytes \d{6,}$/m);
    const warnings = agent.log().filter(({ msg }) => msg.startsWith('bufferutil has no native code'));
    assert.equal(warnings.length, hasBufferutil === '0' ? 1 : 0);
    tunnel.destroy();
    agent.command.kill('SIGTERM');
    assert.equal((await agent.command.ended()).code, 0);
  });
}
