import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TargetServer } from '../../bench/load/ends/target-server.js';
import { LoadCommand } from '../../bench/load/load-command.js';
import { parseOptions } from '../../bench/load/options.js';
import type { LoadReport } from '../../bench/load/report/load-report.js';
import type { ProcessIo } from '../../src/cli/process-io.js';
import { AgentProcess } from '../helpers/agent-process.js';

const MAIN = fileURLToPath(new URL('../../bench/load/main.js', import.meta.url));

/** Longest run of the generator that a test waits for, in ms; a loaded machine takes a few seconds longer than alone. */
const LIMIT_MS = 60_000;

/** Three seconds of load. */
const SHORT = ['--sessions', '5', '--minutes', '0.05'];

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function folder(t: TestContext): string {
  const out = mkdtempSync(path.join(tmpdir(), 'gatehouse-load-test-'));
  t.after(() => rmSync(out, { recursive: true, force: true }));
  return out;
}

/** Runs the generator as its users do. */
async function load(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const late = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(late);
  return { code, stdout, stderr };
}

function reportIn(out: string): LoadReport {
  const [name = ''] = readdirSync(out).filter((file) => file.endsWith('.json'));
  return JSON.parse(readFileSync(path.join(out, name), 'utf8')) as LoadReport;
}

function assertGood({ totals, errors, latency, setUp, ...report }: LoadReport): void {
  assert.deepEqual(errors, []);
  assert.equal(report.isGood, true);
  assert.ok(totals.setUps >= 5 && setUp.count === totals.setUps);
  assert.ok(latency.count > 0 && latency.p50 <= latency.p99 && latency.p99 <= latency.max);
  // Both directions are verified to the last byte.
  assert.equal(totals.verifiedUplinkBytes, totals.uplinkBytes);
  assert.equal(totals.verifiedDownlinkBytes, totals.downlinkBytes);
  assert.ok(report.seconds.length >= 2);
}

for (const profile of ['plc', 'http']) {
  for (const tls of [false, true]) {
    const over = tls ? 'TLS' : 'plain connections';
    test(`five ${profile} sessions over ${over} end with exit code 0 and a report of verified bytes`, async (t) => {
      const out = folder(t);
      const { code, stdout, stderr } = await load([
        ...[...SHORT, '--profile', profile, '--out', out],
        ...(tls ? ['--tls'] : []),
      ]);
      assert.deepEqual([code, stderr], [0, ''], stdout);
      assert.match(stdout, /every byte right/);
      const report = reportIn(out);
      assertGood(report);
      assert.equal(report.tls, tls);
      const { counts, successful } = report.operations ?? assert.fail('no operations');
      assert.ok(counts.successful >= report.totals.setUps && counts.failed === 0);
      assert.equal(successful.count, counts.successful);
      if (profile === 'http') assert.ok(report.totals.setUps > 5, 'pages are followed by others');
      // What the agent says it moved is what the ends counted.
      assert.equal(report.agent?.uplinkBytes, report.totals.uplinkBytes);
      assert.equal(report.agent.downlinkBytes, report.totals.downlinkBytes);
      const [page = ''] = readdirSync(out).filter((file) => file.endsWith('.html'));
      const html = readFileSync(path.join(out, page), 'utf8');
      assert.doesNotMatch(html, /(?:src|href)\s*=|@import|url\(/, 'the page loads nothing');
    });
  }
}

test('a byte that is changed on its way is reported with session and position, and the exit code is 1', async (t) => {
  const out = folder(t);
  const parsed = parseOptions([...SHORT, '--profile', 'ssh', '--out', out]);
  assert.ok(parsed.kind === 'options' && parsed.options.mode === 'local');
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const io: ProcessIo = {
    ...{ stdin: new PassThrough(), stdout, stderr, output: stdout, env: {}, cwd: out },
    onInterrupt: () => undefined,
    onSignal: () => undefined,
  };
  // The 17th byte behind the header of the first answer of every connection.
  const run = new LoadCommand({ options: parsed.options, command: 'test', damagedOffset: 24 + 16 }, io);
  const { exitCode, report } = await run.run();
  assert.equal(exitCode, 1);
  assert.equal(report?.isGood, false);
  assert.deepEqual(
    report.errors.map(({ kind, count }) => [kind, count]),
    [['corrupt', 5]],
  );
  assert.match(report.errors[0]?.examples[0] ?? '', /^session (\d) \(seed \d\): a wrong byte at byte 16$/);
  assert.deepEqual(reportIn(out).errors, report.errors);
});

test('a gateway behind a tenant is loaded through its endpoint, and a dead endpoint is an error', async (t) => {
  const out = folder(t);
  const agent = await AgentProcess.start();
  t.after(() => agent.stop());
  const counts = { connections: 0, requests: 0, verifiedBytes: 0, faults: 0 };
  const target = await TargetServer.start({ host: '127.0.0.1', port: 0, damagedOffset: undefined }, counts);
  t.after(() => target.stop());
  const endpoint = agent.endpoint({ port: target.port });
  const { tenant, user, password } = agent.cloud.operator;
  const env = { C8Y_TENANT: tenant, C8Y_USER: user, C8Y_PASSWORD: password };
  const way = ['--target', agent.cloud.url, '--device', 'gw-7', '--remote-access'];

  const good = await load([...SHORT, ...way, endpoint, '--out', out], env);
  assert.deepEqual([good.code, good.stderr], [0, ''], good.stdout);
  assert.match(good.stdout, /Traffic reaches the device behind the remote access configuration\./);
  assertGood(reportIn(out));
  assert.equal(counts.faults, 0);
  assert.ok(counts.verifiedBytes > 0);

  const unknown = await load([...SHORT, ...way, '4711', '--out', out], env);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /The device has no endpoint "4711"/);
});

test('wrong usage is one sentence and exit code 2, and help has examples', async () => {
  for (const [args, sentence] of [
    [['--sessions', '0'], /whole number from 1 to/],
    [['--profile', 'fast'], /Allowed choices are bulk, vnc, ssh, http, plc, idle/],
    [['--sessions', '1000', '--minutes', '0.01'], /ramp faster or run longer/],
    [['--target', 'https://acme.example.com'], /needs --device and --remote-access/],
    [['--target', 'https://acme.example.com', '--device', '1', '--remote-access', '2'], /--yes goes on/],
  ] as const) {
    const { code, stderr } = await load(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, sentence);
  }
  const { code, stdout } = await load(['--help']);
  assert.equal(code, 0);
  assert.match(stdout, /Examples:\n {2}npm run bench:load -- --sessions 100 --profile plc/);
});
