import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import { startCloud, type Cloud, type RegisteredDevice } from '../../simulator/cloud.js';
import { OperatorClient } from '../../src/cli/connect/operator-client.js';
import { operatorSettings } from '../../src/cli/connect/operator-settings.js';
import type { Tunnel } from '../../src/cli/connect/tunnel.js';
import { echoes, startTarget } from '../helpers/agent-scene.js';
import { DebianMachine } from '../helpers/debian-machine.js';
import { buildPackage, sharedFolder } from '../helpers/debian-package.js';
import { readPage } from '../helpers/page-commands.js';
import { runProgram, skipOutsideCi, unlessMissing } from '../helpers/programs.js';

const MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

const CONFIG = '/etc/gatehouse/gatehouse.yaml';

const options = unlessMissing('unshare', 'nsenter', 'dpkg-deb', 'systemd-notify');

test(
  'the Debian package installs, starts, upgrades under open sessions, is watched over, and goes',
  options,
  async (t) => {
    if (process.geteuid?.() !== 0) return skipOutsideCi(t, 'only root can make a machine to install into');
    const shared = sharedFolder(t);
    const packages = [await buildPackage(shared, '0.1.0'), await buildPackage(shared, '0.1.1')] as const;
    await step(t, 'it has what it runs with and its pages, and nothing of the machine that built it', () =>
      hasWhatItNeeds(path.join(shared, packages[0])),
    );
    const again = sharedFolder(t);
    const sums = [await sumOf(shared, packages[0]), await sumOf(again, await buildPackage(again, '0.1.0'))];
    assert.equal(sums[0], sums[1], 'the package of one commit is the same, bit for bit, each time');
    const scene = await startScene(t);
    const machine = await DebianMachine.boot(t, shared);

    await step(t, 'it installs, with its user, and waits for a configuration without failing', async () => {
      assert.match(await machine.sh(`dpkg --install /shared/${packages[0]}`), /Next: gatehouse init/);
      assert.equal(await machine.sh('stat -c "%U:%G %a" /etc/gatehouse'), 'root:gatehouse 750\n');
      assert.equal(await machine.sh('gatehouse --version'), '0.1.0\n');
      assert.equal(await machine.sh('systemctl is-enabled gatehouse'), 'enabled\n');
      assert.equal(await machine.sh('stat -c "%U:%G %a" /run/gatehouse'), 'gatehouse:gatehouse 750\n');
      await machine.sh('systemctl start gatehouse');
      assert.equal((await machine.run('systemctl is-active gatehouse')).stdout, 'inactive\n');
    });

    await step(t, 'it starts, confined, and systemctl shows what it does', async () => {
      configure(shared, scene);
      // The cloud's authority is one of the machine's, as the service believes those without being told.
      await machine.sh('cp /shared/plant.crt /usr/local/share/ca-certificates/ && update-ca-certificates');
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

    await step(t, 'an upgrade that cannot take over says so, and the old version goes on', async () => {
      await machine.sh(`sed -i 's/^conduits:/conduit:/' ${CONFIG}`);
      const { code, stderr } = await machine.run(`dpkg --install /shared/${packages[0]}`);
      assert.equal(code, 0);
      assert.match(stderr, /WARNING: .* OLD ONE GOES ON RUNNING/);
      await echoes(tunnel, 'not cut');
      await machine.sh(`sed -i 's/^conduit:/conduits:/' ${CONFIG}`);
    });

    await step(t, 'what lies in its run-time folder outlives a restart', async () => {
      await machine.sh('echo on >/run/gatehouse/switch && systemctl restart gatehouse');
      assert.equal(await machine.sh('cat /run/gatehouse/switch'), 'on\n');
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
      'with a credential from systemd, as hardening.md says, it starts, reloads and upgrades',
      async () => {
        const dropIn = /^```ini\n(\[Service\]\nLoadCredential=.*?)^```/ms.exec(
          readPage('docs/hardening.md'),
        )?.[1];
        const [, name = '', file = ''] = /^LoadCredential=(\w+):(\S+)$/m.exec(dropIn ?? '') ?? [];
        writeFileSync(path.join(shared, 'credential.conf'), dropIn ?? '');
        writeFileSync(path.join(shared, 'secret'), scene.device.password, { mode: 0o600 });
        await machine.sh(`install -m 0600 /shared/secret ${file}`);
        await machine.sh(
          `sed -i 's|^  password:.*|  passwordFile: /run/credentials/gatehouse.service/${name}|' ${CONFIG}`,
        );
        await machine.sh('rm /run/systemd/system/gatehouse.service.d/test.conf');
        await machine.sh('cp /shared/credential.conf /run/systemd/system/gatehouse.service.d/');
        await machine.sh('systemctl daemon-reload && systemctl stop gatehouse');
        assert.equal((await machine.run(`gatehouse check --config ${CONFIG}`)).code, 78);
        await machine.sh('systemctl start gatehouse');
        await machine.sh(`gatehouse check --config ${CONFIG}`);
        const kept = await scene.open();
        await machine.sh('systemctl reload gatehouse');
        await hasGenerations(machine, 2);
        const { stderr } = await machine.run(`dpkg --install /shared/${packages[1]}`);
        assert.doesNotMatch(stderr, /WARNING/);
        await machine.until(`gatehouse status --json --config ${CONFIG}`, /"version": ?"0\.1\.1"/);
        await echoes(kept, 'over both');
      },
    );

    await step(t, 'removed and installed again, it starts at the next boot as before', async () => {
      await machine.sh('dpkg --remove gatehouse');
      assert.notEqual((await machine.run('systemctl is-active gatehouse')).code, 0);
      await machine.sh(`dpkg --install /shared/${packages[0]}`);
      assert.equal(await machine.sh('systemctl is-enabled gatehouse'), 'enabled\n');
      await machine.sh('systemctl disable gatehouse');
      await machine.sh('dpkg --remove gatehouse');
      await machine.sh(`dpkg --install /shared/${packages[0]}`);
      assert.equal((await machine.run('systemctl is-enabled gatehouse')).stdout, 'disabled\n');
      await machine.sh('systemctl enable --now gatehouse');
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
        const traces =
          '/etc/gatehouse /var/lib/gatehouse /etc/systemd/system/multi-user.target.wants/gatehouse.service';
        assert.equal((await machine.run(`ls -d ${traces}`)).stdout, '');
        await machine.sh('test -f /var/log/gatehouse/audit.jsonl');
      },
    );
  },
);

/** Waits until as many generations have a session or are in charge. */
async function hasGenerations(machine: DebianMachine, count: number): Promise<void> {
  const length = `node -p 'JSON.parse(fs.readFileSync(0)).generations.length'`;
  await machine.until(
    `gatehouse status --json --config ${CONFIG} | ${length}`,
    new RegExp(`^${count}$`, 'm'),
  );
}

/** A part of the test that those behind it depend on. */
async function step(t: TestContext, what: string, run: () => Promise<void>): Promise<void> {
  await run();
  t.diagnostic(what);
}

async function hasWhatItNeeds(file: string): Promise<void> {
  const root = mkdtempSync(path.join(path.dirname(file), 'content-'));
  assert.equal((await runProgram('dpkg-deb', ['--extract', file, root])).code, 0);
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const native = files.filter(isNative).map((one) => path.relative(root, one));
  assert.deepEqual(
    native.filter((one) => !one.startsWith('usr/lib/gatehouse/node_modules/bufferutil/prebuilds/linux-')),
    [],
  );
  const known = new Set(
    readdirSync(path.join(MODULES, 'bufferutil/prebuilds')).filter((one) => one.startsWith('linux-')),
  );
  assert.deepEqual(new Set(native.map((one) => path.basename(path.dirname(one)))), known);
  assert.deepEqual(
    files.filter((one) => /node_modules\/(@[^/]+\/)?[^@/]+\/(tests?|benchmarks?)\//.test(one)),
    [],
  );
  const doc = path.join(root, 'usr/share/doc/gatehouse');
  for (const [, link = ''] of readFileSync(path.join(doc, 'README.md'), 'utf8').matchAll(
    /\]\((?!https?:)([^)#]+)/g,
  ))
    if (link !== 'LICENSE') assert.ok(existsSync(path.join(doc, link)), link);
  assert.match(
    gunzipSync(readFileSync(path.join(doc, 'changelog.gz'))).toString(),
    /^gatehouse \(0\.1\.0\) .*\n\n {2}\* .*\n\n -- /,
  );
  const manual = gunzipSync(readFileSync(path.join(root, 'usr/share/man/man1/gatehouse.1.gz'))).toString();
  for (const command of ['run', 'init', 'check', 'explain', 'register', 'status'])
    assert.match(manual, new RegExp(`^  ${command}\\b`, 'm'));
}

function isNative(file: string): boolean {
  return readFileSync(file).subarray(0, 4).toString('latin1') === '\x7fELF';
}

interface Scene {
  readonly cloud: Cloud;
  readonly device: RegisteredDevice;
  open(): Promise<Tunnel>;
}

async function startScene(t: TestContext): Promise<Scene> {
  const cloud = await startCloud({ httpsPort: 0 });
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
    cloud: { url: cloud.httpsUrl, tenant, user, password },
    device: { externalId },
    conduits: [{ name: 'loopback', host: '127.0.0.1', ports: ['*'] }],
    admin: { listen: '127.0.0.1:0' },
  };
  writeFileSync(path.join(shared, 'plant.crt'), cloud.ca ?? '');
  const text = stringify({ ...configuration, admin: { listen: 'unix:/run/gatehouse/admin.sock' } });
  writeFileSync(path.join(shared, 'gatehouse.yaml'), text, { mode: 0o600 });
}

/** SHA-256 of a package. */
async function sumOf(place: string, file: string): Promise<string | undefined> {
  const { stdout } = await runProgram('sha256sum', [path.join(place, file)]);
  return stdout.split(' ')[0];
}
