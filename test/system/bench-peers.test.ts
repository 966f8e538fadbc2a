import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../bench/peers/report/report.js';
import { until } from '../helpers/until.js';

const MAIN = fileURLToPath(new URL('../../bench/peers/main.js', import.meta.url));

/** Longest time of a short bench on a busy machine, in ms. */
const LIMIT_MS = 60_000;

const onLinux = { skip: process.platform === 'linux' ? false : 'the bench runs on Linux only' };

async function bench(...flags: readonly string[]): Promise<{ code: number; output: string; errors: string }> {
  const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code] = (await until('the end of the bench', once(child, 'close'), LIMIT_MS)) as [number];
  return { code, output, errors };
}

for (const security of [[], ['--tls']] as const) {
  const name = security.length === 0 ? 'plain' : 'TLS';

  test(
    `the same bytes go through Gatehouse and a ws pipe, ${name}, and come out right`,
    onLinux,
    async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-peers-test-'));
      try {
        const amount = ['--rounds', '1', '--seconds', '0.3', '--sessions', '2', '--no-quiet'];
        const what = ['--only', 'gatehouse,ws-pipe', '--modes', 'both,churn', '--out', folder];
        const { code, output, errors } = await bench(...amount, ...what, ...security);
        assert.equal(code, 0, `${output}\n${errors}`);
        assert.match(output, /x gatehouse/);
        const [html = '', json = ''] = readdirSync(folder).sort();
        assert.match(html, /\.html$/);
        const report = JSON.parse(readFileSync(path.join(folder, json), 'utf8')) as Report;
        assert.equal(report.runs.length, 4);
        for (const { workload, figures, error } of report.runs) {
          assert.equal(error, undefined);
          const moved = workload === 'churn' ? figures?.setupsPerSecond : figures?.mibPerSecond;
          assert.ok((moved ?? 0) > 0, workload);
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
}

test('flags that make no sense are refused with a sentence', onLinux, async () => {
  for (const [flags, sentence] of [
    [['--rounds', '0'], /whole number from 1 to 100/],
    [['--modes', 'sideways'], /"sideways" is none of up, down/],
    [['--only', 'gatehouse', '--baseline', 'socat'], /--baseline socat is none of the peers gatehouse/],
  ] as const) {
    const { code, errors } = await bench(...flags);
    assert.equal(code, 2);
    assert.match(errors, sentence);
  }
});
