import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AgentProcess } from '../helpers/agent-process.js';
import { gatehouse } from '../helpers/command.js';
import { eventually } from '../helpers/eventually.js';
import { PlantTarget } from '../helpers/plant.js';
import { surface } from './cases.js';
import { contentOf, type ConfigCase } from './config-cases.js';

const LIVE = surface<ConfigCase>('config').cases.filter(({ live }) => live === true);

/** Every third is enough for the command line: each is a process of its own. */
const STARTED = LIVE.filter((_, index) => index % 3 === 0);

const COMPLAINT = 'the configuration is invalid, the old one stays in force';

describe('gatehouse run', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-hostile-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const one of STARTED) {
    test(`with "${one.id}" exits with 78 and says why`, async () => {
      const file = path.join(folder, 'case.yaml');
      writeFileSync(file, contentOf(one), { mode: 0o600 });
      const { code, stdout, stderr } = await gatehouse(['run', '--config', file]);
      assert.deepEqual({ code, stdout }, { code: 78, stdout: '' });
      for (const [key, says] of one.problems ?? [])
        assert.ok(stderr.includes(key) && stderr.includes(says), stderr);
      assert.doesNotMatch(stderr, /canary-secret|\n\s+at /);
      assert.doesNotMatch(stderr.replaceAll('\n', ''), /\p{Cc}/u);
    });
  }
});

describe('a running agent', () => {
  let agent: AgentProcess;
  let plant: PlantTarget;

  before(async () => {
    plant = await PlantTarget.listen();
    agent = await AgentProcess.start();
  });
  after(async () => {
    await agent.stop();
    plant.close();
  });

  for (const one of LIVE) {
    test(`that reads "${one.id}" again stays with what it has`, async () => {
      const complaints = (): readonly unknown[] => agent.log().filter(({ msg }) => msg === COMPLAINT);
      const already = complaints().length;
      writeFileSync(agent.configFile, contentOf(one), { mode: 0o600 });
      agent.command.kill('SIGHUP');
      const said = await eventually(() => complaints()[already], 'the complaint');
      for (const [key] of one.problems ?? [])
        assert.ok(JSON.stringify(said).includes(key), JSON.stringify(said));
      assert.doesNotMatch(JSON.stringify(said), /canary-secret/);
    });
  }

  test('after all of that opens sessions by its old rules, and takes a good configuration', async () => {
    const tunnel = await agent.open({ port: plant.port });
    tunnel.destroy();
    agent.configure({});
    agent.command.kill('SIGHUP');
    await agent.logged('configuration reloaded');
    assert.equal(agent.command.stderr, '');
  });
});
