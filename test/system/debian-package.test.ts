import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { startCloud, type Cloud, type RegisteredDevice } from '../../simulator/cloud.js';
import { OperatorClient } from '../../src/cli/connect/operator-client.js';
import { operatorSettings } from '../../src/cli/connect/operator-settings.js';
import type { Tunnel } from '../../src/cli/connect/tunnel.js';
import { echoes, startTarget } from '../helpers/agent-scene.js';
import { DebianMachine } from '../helpers/debian-machine.js';
import { runProgram, skipOutsideCi, unlessMissing } from '../helpers/programs.js';

const BUILD = fileURLToPath(new URL('../../../deploy/debian/build-package', import.meta.url));

const CONFIG = '/etc/gatehouse/gatehouse.yaml';

const options = unlessMissing('unshare', 'nsenter', 'dpkg-deb', 'systemd-notify');

test(
  'the Debian package installs, starts, upgrades under open sessions, is watched over, and goes',
  options,
  async (t) => {
    if (process.geteuid?.() !== 0) return skipOutsideCi(t, 'only root can make a machine to install into');
    const shared = folder(t);
    const packages = [await build(shared, '0.1.0'), await build(shared, '0.1.1')] as const;
    const again = folder(t);
    const sums = [await sumOf(shared, packages[0]), await sumOf(again, await build(again, '0.1.0'))];
    assert.equal(sums[0], sums[1], 'the package of one commit is the same, bit for bit, each time');
    const scene = await startScene(t);
    const machine = await DebianMachine.boot(t, shared);

    await step(t, 'it installs, with its user, and waits for a configuration without failing', async () => {
      assert.match(await machine.sh(`dpkg --install /shared/${packages[0]}`), /Next: gatehouse init/);
      assert.equal(await machine.sh('stat -c "%U:%G %a" /etc/gatehouse'), 'root:gatehouse 750\n');
      assert.equal(await machine.sh('gatehouse --version'), '0.1.0\n');
      assert.equal(await machine.sh('systemctl is-enabled gatehouse'), 'enabled\n');
      await machine.sh('systemctl start gatehouse');
      assert.equal((await machine.run('systemctl is-active gatehouse')).stdout, 'inactive\n');
    });

    await step(t, 'it starts, confined, and systemctl shows what it does', async () => {
      configure(shared, scene);
      await machine.sh(`install -m 0640 -o root -g gatehouse /shared/gatehouse.yaml ${CONFIG}`);
      await machine.sh('systemctl start gatehouse');
      await machine.until(
        'systemctl show --property StatusText gatehouse',
        /connected to the cloud, 0 sessions/,
      );
      assert.equal(await machine.sh('stat -c "%U %a" /var/lib/gatehouse'), 'gatehouse 700\n');
      const pid = (await machine.sh('systemctl show --value --property MainPID gatehouse')).trim();
      const state = await machine.sh(`cat /proc/${pid}/status`);
      assert.match(state, /^NoNewPrivs:\t1$/m);
      assert.match(state, /^CapEff:\t0{16}$/m);
      assert.match(state, /^Seccomp:\t2$/m);
    });

    const tunnel = await scene.open();
    await echoes(tunnel, 'before');

    await step(t, 'an upgrade puts the new version in charge, and an open session goes on', async () => {
      await machine.sh(`dpkg --install /shared/${packages[1]}`);
      const running = await machine.until(
        'gatehouse status --json --config /etc/gatehouse/gatehouse.yaml',
        /"version": ?"0\.1\.1"/,
      );
      assert.equal((JSON.parse(running) as { generations: unknown[] }).generations.length, 2);
      await echoes(tunnel, 'after the upgrade');
      await echoes(await scene.open(), 'a new one');
    });

    await step(t, 'a reload with an invalid configuration fails, says why, and changes nothing', async () => {
      await machine.sh(`sed -i 's/^conduits:/conduit:/' ${CONFIG}`);
      assert.notEqual((await machine.run('systemctl reload gatehouse')).code, 0);
      await machine.until('journalctl --no-pager --unit gatehouse', /conduit.*did you mean.*conduits/i);
      await machine.sh(`sed -i 's/^conduit:/conduits:/' ${CONFIG}`);
      await machine.sh('systemctl reload gatehouse');
      await echoes(tunnel, 'still there');
    });

    await step(t, 'an agent that gives no sign of life is started again', async () => {
      await machine.sh('mkdir -p /run/systemd/system/gatehouse.service.d');
      await machine.sh(
        'printf "[Service]\\nWatchdogSec=2\\n" >/run/systemd/system/gatehouse.service.d/test.conf',
      );
      await machine.sh('systemctl daemon-reload && systemctl restart gatehouse');
      await machine.until('systemctl show --property StatusText gatehouse', /connected to the cloud/);
      await machine.sh(
        'kill -STOP $(gatehouse status --json --config ' +
          CONFIG +
          ' | node -p "JSON.parse(fs.readFileSync(0)).pid")',
      );
      await machine.until('systemctl show --property NRestarts gatehouse', /NRestarts=[1-9]/);
      await machine.until('systemctl show --property StatusText gatehouse', /connected to the cloud/);
      await echoes(await scene.open(), 'again');
    });

    await step(
      t,
      'removal stops it and leaves the configuration; a purge leaves nothing but evidence',
      async () => {
        await machine.sh('dpkg --remove gatehouse');
        assert.notEqual((await machine.run('systemctl is-active gatehouse')).code, 0);
        assert.equal((await machine.run('ls /usr/bin/gatehouse /usr/lib/gatehouse')).stdout, '');
        await machine.sh(`test -f ${CONFIG}`);
        await machine.sh('mkdir -p /var/log/gatehouse && touch /var/log/gatehouse/audit.jsonl');
        assert.match(await machine.sh('dpkg --purge gatehouse'), /audit log .* kept/);
        assert.equal((await machine.run('ls -d /etc/gatehouse /var/lib/gatehouse')).stdout, '');
        await machine.sh('test -f /var/log/gatehouse/audit.jsonl');
      },
    );
  },
);

/** A part of the test that those behind it depend on. */
async function step(t: TestContext, what: string, run: () => Promise<void>): Promise<void> {
  await run();
  t.diagnostic(what);
}

interface Scene {
  readonly cloud: Cloud;
  readonly device: RegisteredDevice;
  open(): Promise<Tunnel>;
}

async function startScene(t: TestContext): Promise<Scene> {
  const cloud = await startCloud({});
  t.after(() => cloud.stop());
  const device = cloud.registerDevice('gw-7');
  const target = await startTarget(t);
  const { tenant, user, password } = cloud.operator;
  const env = { C8Y_TENANT: tenant, C8Y_USER: user, C8Y_PASSWORD: password };
  const operator = new OperatorClient(operatorSettings({ url: cloud.url }, env));
  t.after(() => operator.close());
  const endpoint = { name: 'target', hostname: '127.0.0.1', port: target.port };
  const { id } = cloud.addConfiguration(device.id, endpoint);
  return { cloud, device, open: () => operator.openTunnel(device.id, id) };
}

function configure(shared: string, { cloud, device: { tenant, user, password, externalId } }: Scene): void {
  const configuration = {
    cloud: { url: cloud.url, tenant, user, password },
    device: { externalId },
    conduits: [{ name: 'loopback', host: '127.0.0.1', ports: ['*'] }],
    admin: { listen: '127.0.0.1:0' },
  };
  const text = stringify({ ...configuration, admin: { listen: 'unix:/run/gatehouse/admin.sock' } });
  writeFileSync(path.join(shared, 'gatehouse.yaml'), text, { mode: 0o600 });
}

function folder(t: TestContext): string {
  const created = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
  chmodSync(created, 0o755);
  t.after(() => rmSync(created, { recursive: true, force: true }));
  return created;
}

/** Gives the name of the package file. */
async function build(into: string, version: string): Promise<string> {
  const env = {
    GATEHOUSE_PACKAGE_BUILT: '1',
    GATEHOUSE_PACKAGE_VERSION: version,
    HOME: process.env.HOME ?? '/',
  };
  const { code, stdout, stderr } = await runProgram('bash', [BUILD, into], env);
  assert.equal(code, 0, stderr);
  return path.basename(stdout.trim());
}

/** SHA-256 of a package. */
async function sumOf(place: string, file: string): Promise<string | undefined> {
  const { stdout } = await runProgram('sha256sum', [path.join(place, file)]);
  return stdout.split(' ')[0];
}
