import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { startAgent } from '../../helpers/agent-scene.js';
import { readPage, runPage } from '../../helpers/page-commands.js';
import { findProgram, runProgram, unlessMissing } from '../../helpers/programs.js';

const PAGE = 'docs/integrator/prometheus.md';
const EXAMPLES = fileURLToPath(new URL('../../../../deploy/prometheus/', import.meta.url));

interface Answer {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

test('the page lists every alert that there is', () => {
  const { groups } = parse(readFileSync(path.join(EXAMPLES, 'alerts.yml'), 'utf8')) as {
    groups: { rules: { alert: string }[] }[];
  };
  const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert)).sort();
  const listed = [...readPage(PAGE).matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name).sort();
  assert.deepEqual(listed, alerts);
});

test(
  'the commands of the page work, and a Prometheus with the example configuration sees the agent',
  unlessMissing('promtool', 'prometheus', 'curl'),
  async (t) => {
    const agent = await startAgent(t);
    const { host } = new URL(agent.adminUrl);
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
    t.after(() => rmSync(folder, { recursive: true }));
    cpSync(EXAMPLES, folder, { recursive: true });
    const own = (text: string): string => text.replaceAll('127.0.0.1:7980', host).replaceAll('15s', '1s');
    const file = path.join(folder, 'prometheus.yml');
    writeFileSync(file, own(readFileSync(file, 'utf8')));

    const shell = async (command: string): Promise<string> => {
      const { code, stdout, stderr } = await runProgram('sh', ['-c', `cd ${folder} && ${own(command)}`]);
      assert.equal(code, 0, `${command}: ${stdout}${stderr}`);
      return stdout;
    };
    await runPage(PAGE, {
      'curl -s http://127.0.0.1:7980/metrics': async (command) =>
        assert.match(await shell(command), /^gatehouse_cloud_connected 1$/m),
      'promtool check config prometheus.yml': async (command) =>
        assert.match(await shell(command), /SUCCESS/),
      'promtool test rules alerts.test.yml': async (command) => assert.match(await shell(command), /SUCCESS/),
    });

    const port = await freePort();
    const args = [`--config.file=${file}`, `--storage.tsdb.path=${folder}/data`];
    const prometheus = spawn(
      findProgram('prometheus') ?? '',
      [...args, `--web.listen-address=127.0.0.1:${port}`],
      { stdio: 'ignore' },
    );
    t.after(async () => {
      prometheus.kill();
      await once(prometheus, 'close');
    });
    for (const query of [
      'up{job="gatehouse"}',
      'gatehouse_cloud_connected',
      'sum(gatehouse_resource_usage_ratio) > bool 0',
    ])
      assert.equal(await answerOf(port, query), '1', query);
  },
);

/** The first value that Prometheus has for `query`; waits for its first scrapes. */
async function answerOf(port: number, query: string): Promise<string> {
  const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`;
  const untilMs = Date.now() + 30_000;
  for (;;) {
    const reply = await fetch(url).catch(() => undefined);
    const [first] = reply?.ok === true ? ((await reply.json()) as Answer).data.result : [];
    if (first !== undefined) return first.value[1];
    assert.ok(Date.now() < untilMs, `Prometheus has nothing for ${query}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
