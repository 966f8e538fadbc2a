import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { startCloud } from '../../../simulator/cloud.js';
import { gatehouse } from '../../helpers/command.js';
import { runPage } from '../../helpers/page-commands.js';
import { unlessMissing } from '../../helpers/programs.js';
import { Squid } from '../../helpers/squid.js';

const PAGE = 'docs/integrator/proxies.md';

test(
  'the commands of the page about proxies do what it says',
  unlessMissing('squid', 'openssl'),
  async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-docs-'));
    const cloud = await startCloud({ httpsPort: 0, serverNames: ['cloud.plant.test'] });
    t.after(async () => {
      await cloud.stop();
      rmSync(folder, { recursive: true });
    });
    const squid = await Squid.start(t, {
      login: { user: 'gatehouse', password: 'pass@word' },
      names: ['cloud.plant.test'],
    });
    const { tenant, user, password } = cloud.registerDevice('gw-7');
    const caFile = path.join(folder, 'company-ca.pem');
    writeFileSync(caFile, cloud.ca ?? '');
    const url = cloud.httpsUrl?.replace('localhost', 'cloud.plant.test');
    const configuration = {
      cloud: { url, tenant, user, password, caFile, proxy: squid.url() },
      device: { externalId: 'gw-7' },
      admin: { listen: 'off' },
    };
    writeFileSync(path.join(folder, 'gatehouse.yaml'), stringify(configuration), { mode: 0o600 });
    await runPage(PAGE, {
      'gatehouse check --config /etc/gatehouse/gatehouse.yaml': async (command) => {
        const args = command.replace('/etc/gatehouse', folder).split(' ').slice(1);
        const { code, stdout, stderr } = await gatehouse(args);
        assert.match(stdout, /^ok +proxy: localhost:\d+ opens a tunnel to cloud\.plant\.test:\d+$/m, stdout);
        assert.equal(code, 0, stdout + stderr);
      },
    });
  },
);
