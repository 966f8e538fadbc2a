import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { startCloud } from '../../../simulator/cloud.js';
import { gatehouse } from '../../helpers/command.js';
import { writeCertificate } from '../../helpers/device-certificate.js';
import { runPage } from '../../helpers/page-commands.js';
import { runProgram } from '../../helpers/programs.js';

const PAGE = 'docs/integrator/x509.md';

test('the commands of the page about certificates do what it says', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-docs-'));
  const cloud = await startCloud({ httpsPort: 0, certificatePort: 0, mqttsPort: 0 });
  t.after(async () => {
    await cloud.stop();
    rmSync(folder, { recursive: true });
  });
  cloud.registerDevice('gw-7');
  const files = await writeCertificate(cloud, folder);
  const configuration = {
    cloud: { url: cloud.httpsUrl, ...files, tokenUrl: cloud.certificateUrl },
    device: { externalId: 'gw-7' },
    admin: { listen: 'off' },
  };
  writeFileSync(path.join(folder, 'gatehouse.yaml'), stringify(configuration), { mode: 0o600 });
  const self = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const here = (command: string): string[] =>
    command.replaceAll('/etc/gatehouse', folder).replace('gatehouse:gatehouse', self).split(' ');
  const run = async (command: string): Promise<void> => {
    const [program = '', ...args] = here(command);
    const { code, stderr } = await runProgram(program, args);
    assert.equal(code, 0, stderr);
  };
  await runPage(PAGE, {
    'chown gatehouse:gatehouse /etc/gatehouse/device.key': run,
    'chmod 600 /etc/gatehouse/device.key': async (command) => {
      await run(command);
      assert.equal(statSync(files.keyFile).mode & 0o777, 0o600);
    },
    'gatehouse check --config /etc/gatehouse/gatehouse.yaml': async (command) => {
      const { code, stdout, stderr } = await gatehouse(here(command).slice(1));
      assert.match(
        stdout,
        /^ok +certificate: "gw-7", ends in 89 days; \S+ gave a token for it$/m,
        stdout + stderr,
      );
      assert.match(stdout, /^ok +credentials: accepted as device_gw-7$/m);
      assert.equal(code, 0, stdout);
    },
  });
});
