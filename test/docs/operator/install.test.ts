import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startCloud, type Cloud } from '../../../simulator/cloud.js';
import { BOOTSTRAP } from '../../../simulator/platform.js';
import { OperatorClient } from '../../../src/cli/connect/operator-client.js';
import { operatorSettings } from '../../../src/cli/connect/operator-settings.js';
import { echoes, startTarget } from '../../helpers/agent-scene.js';
import { DebianMachine } from '../../helpers/debian-machine.js';
import { eventually } from '../../helpers/eventually.js';
import { runPage } from '../../helpers/page-commands.js';
import { runProgram, skipOutsideCi, unlessMissing } from '../../helpers/programs.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const CONFIG = '--config /etc/gatehouse/gatehouse.yaml';
const INSTALL = 'apt-get install -y ./gatehouse_*_all.deb';

test(
  'from the package to a refused and then a permitted session, an upgrade and the end, as the page says',
  unlessMissing('unshare', 'nsenter', 'dpkg-deb', 'apt-get'),
  async (t) => {
    if (process.geteuid?.() !== 0) return skipOutsideCi(t, 'only root can make a machine to install into');
    const cloud = await startCloud({});
    t.after(() => cloud.stop());
    const operator = new Operator(cloud);
    t.after(() => operator.client.close());
    const target = await startTarget(t);
    const shared = folder(t);
    const machine = await DebianMachine.boot(t, shared);
    const settings = `export CLOUD=${cloud.url} C8Y_BOOTSTRAP_PASSWORD='${BOOTSTRAP.password}'`;
    const run = (command: string): Promise<string> => machine.sh(`cd /shared; ${settings}; ${command}`);
    const show =
      (pattern: RegExp) =>
      async (command: string): Promise<void> =>
        assert.match(await run(command), pattern, command);
    let version = '0.1.0';
    let startedMs = 0;

    await runPage('docs/operator/install.md', {
      'deploy/debian/build-package .': async () => {
        await build(shared, version);
        startedMs = performance.now();
      },
      [INSTALL]: async (command) => {
        if (version === '0.1.1') await build(shared, version);
        await run(command);
        assert.equal(await run('gatehouse --version'), `${version}\n`);
        version = '0.1.1';
      },
      [`gatehouse init --yes ${CONFIG} --url $CLOUD --device gw-7 --conduit panel=127.0.0.1:9000`]: (
        command,
      ) =>
        // The test's target has another port.
        show(/register[^]*systemctl start gatehouse/)(command.replace('9000', String(target.port))),
      [`gatehouse register ${CONFIG}`]: async (command) => {
        await operator.announce('gw-7');
        const accepted = operator.accept('gw-7');
        await show(/gw-7/)(command);
        await accepted;
      },
      [`gatehouse check ${CONFIG}`]: show(/credentials/),
      'systemctl start gatehouse': (command) => run(command).then(() => undefined),
      'systemctl status gatehouse': async (command) => {
        await machine.until(command, /Status: "connected to the cloud, 0 sessions"/);
        await operator.isRefused('gw-7', target.port === 9 ? 10 : 9);
        await echoes(await operator.open('gw-7', target.port), 'through');
        t.diagnostic(`from the package to both in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
      },
      [`gatehouse status ${CONFIG}`]: show(/connected/),
      [`gatehouse sessions ${CONFIG}`]: show(/panel/),
      'journalctl --unit gatehouse --lines 20': show(/session open/),
      'systemctl reload gatehouse': (command) => run(command).then(() => undefined),
      'apt-get remove -y gatehouse': show(/Removing gatehouse/),
      'apt-get purge -y gatehouse': show(/Purging configuration files for gatehouse/),
    });
  },
);

/** Somebody in the tenant. */
class Operator {
  readonly client: OperatorClient;
  readonly #cloud: Cloud;

  constructor(cloud: Cloud) {
    const { tenant, user, password } = cloud.operator;
    const env = { C8Y_TENANT: tenant, C8Y_USER: user, C8Y_PASSWORD: password };
    this.client = new OperatorClient(operatorSettings({ url: cloud.url }, env));
    this.#cloud = cloud;
  }

  /** The tenant expects a device. */
  async announce(id: string): Promise<void> {
    await this.#send('POST', '', { id });
  }

  /** Accepts it as soon as it has asked. */
  async accept(id: string): Promise<void> {
    const { deviceRequests } = this.#cloud.platform;
    const isPending = (): boolean => deviceRequests.get(id).status === 'PENDING_ACCEPTANCE';
    await eventually(() => isPending() || undefined, 'a device that asks');
    await this.#send('PUT', `/${id}`, { status: 'ACCEPTED' });
  }

  open(device: string, port: number) {
    return this.client.openTunnel(this.#device(device), this.#endpoint(device, port));
  }

  async isRefused(device: string, port: number): Promise<void> {
    const tunnel = await this.open(device, port).catch(() => undefined);
    tunnel?.destroy();
    const reason = await eventually(
      () => this.#cloud.platform.operations.list({}).at(-1)?.failureReason,
      'an operation that failed',
    );
    assert.match(reason, /^policy-denied: /);
  }

  #endpoint(device: string, port: number): string {
    const endpoint = { name: `to ${port}`, hostname: '127.0.0.1', port };
    return this.#cloud.addConfiguration(this.#device(device), endpoint).id;
  }

  #device(externalId: string): string {
    const found = this.#cloud.platform.identity.find('c8y_Serial', externalId);
    assert.ok(found !== undefined, `${externalId} is no device of the tenant`);
    return found.managedObjectId;
  }

  async #send(method: string, place: string, body: object): Promise<void> {
    const { tenant, user, password } = this.#cloud.operator;
    const authorization = `Basic ${Buffer.from(`${tenant}/${user}:${password}`).toString('base64')}`;
    const reply = await fetch(`${this.#cloud.url}/devicecontrol/newDeviceRequests${place}`, {
      method,
      headers: { authorization, 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
    });
    assert.ok(reply.ok, `${method} ${place}: ${reply.status}`);
  }
}

function folder(t: TestContext): string {
  const made = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
  chmodSync(made, 0o755);
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** The page's command, without a second build of what is built already. */
async function build(into: string, version: string): Promise<void> {
  for (const file of readdirSync(into)) if (file.endsWith('.deb')) rmSync(path.join(into, file));
  const own = Object.fromEntries(Object.entries(process.env).map(([name, value = '']) => [name, value]));
  const env = { ...own, GATEHOUSE_PACKAGE_BUILT: '1', GATEHOUSE_PACKAGE_VERSION: version };
  const script = path.join(ROOT, 'deploy/debian/build-package');
  const { code, stderr } = await runProgram('bash', [script, into], env);
  assert.equal(code, 0, stderr);
}
