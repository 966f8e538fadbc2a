import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { stringify } from 'yaml';
import { loadConfig } from '../../../src/config/load.js';
import { register, type RegisterOptions } from '../../../src/cli/register.js';
import { startCloud, type Cloud, type CloudOptions } from '../../../simulator/cloud.js';
import { BOOTSTRAP } from '../../../simulator/platform.js';
import { eventually } from '../../helpers/eventually.js';
import { ConnectProxyServer } from '../cloud/connect-proxy-server.js';
import { FakeIo } from './fake-io.js';

const DEVICE = 'gw-7';
const CREDENTIALS = '/devicecontrol/deviceCredentials';

/** An empty folder with a configuration that lacks its credentials, and a cloud. */
class Site {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-register-'));
  readonly io = new FakeIo(this.folder, { C8Y_BOOTSTRAP_PASSWORD: BOOTSTRAP.password });

  private constructor(readonly cloud: Cloud) {}

  static async open(t: TestContext, options: CloudOptions = {}): Promise<Site> {
    const site = new Site(await startCloud({ mqttPort: 0, ...options }));
    t.after(async () => {
      await site.cloud.stop();
      rmSync(site.folder, { recursive: true, force: true });
    });
    site.configure();
    return site;
  }

  configure(cloud: object = {}, intake: object = { mqttUrl: this.cloud.mqttUrl }): void {
    const document = {
      cloud: { url: this.cloud.url, credentialsFile: 'credentials.yaml', ...cloud },
      device: { externalId: DEVICE },
      intake,
    };
    writeFileSync(path.join(this.folder, 'gatehouse.yaml'), stringify(document), { mode: 0o600 });
  }

  get file(): string {
    return path.join(this.folder, 'credentials.yaml');
  }

  /** What an administrator does before the device asks. */
  expect(): void {
    this.cloud.platform.deviceRequests.create(DEVICE);
  }

  /** Accepts the device as soon as it has asked. */
  async acceptWhenPending(): Promise<void> {
    const { deviceRequests } = this.cloud.platform;
    await eventually(() => {
      const isPending = deviceRequests.list().some(({ status }) => status === 'PENDING_ACCEPTANCE');
      return isPending || undefined;
    }, 'a device that asks');
    deviceRequests.accept(DEVICE);
  }

  register(options: RegisterOptions = {}): Promise<number> {
    return register({ pollMs: 20, timeout: '30s', ...options }, this.io);
  }

  /** The stored credentials let somebody in, and nothing else is in the folder; nor did anything say the password. */
  assertRegistered(): void {
    const { config } = loadConfig({ file: 'gatehouse.yaml', env: {}, cwd: this.folder });
    const { credentials, tenant } = config.cloud;
    assert.ok(credentials.kind === 'basic');
    const password = credentials.password.reveal();
    assert.ok(this.cloud.platform.users.login(`${tenant}/${credentials.user}`, password));
    assert.equal(statSync(this.file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(this.folder).sort(), ['credentials.yaml', 'gatehouse.yaml']);
    assert.ok(!(this.io.written + this.io.complained).includes(password));
  }

  assertUntouched(): void {
    assert.deepEqual(readdirSync(this.folder), ['gatehouse.yaml']);
  }

  asked(): number {
    return this.cloud.requests.list('POST', CREDENTIALS).length;
  }
}

for (const mqtt of [false, true]) {
  const way = mqtt ? 'MQTT' : 'REST';

  test(`over ${way}, a device that is accepted gets its credentials, stored for its owner only`, async (t) => {
    const site = await Site.open(t);
    site.expect();
    const accepting = site.acceptWhenPending();
    assert.equal(await site.register({ mqtt }), 0);
    await accepting;
    site.assertRegistered();
    assert.match(site.io.written, /General registration, device ID: gw-7/);
    assert.match(site.io.written, /registered as t0815\/device_gw-7/);
    assert.match(site.io.written, /gatehouse check\n {2}gatehouse run\n/);
  });

  test(`over ${way}, a wrong bootstrap password ends it with 77 and says whose it is`, async (t) => {
    const site = await Site.open(t);
    site.io.env.C8Y_BOOTSTRAP_PASSWORD = 'canary-wrong';
    assert.equal(await site.register({ mqtt }), 77);
    assert.match(site.io.written, /not of your tenant/);
    assert.doesNotMatch(site.io.written + site.io.complained, /canary/);
    site.assertUntouched();
  });

  test(`over ${way}, nobody who accepts it in time leaves nothing behind`, async (t) => {
    const site = await Site.open(t);
    assert.equal(await site.register({ mqtt, timeout: '1s' }), 1);
    assert.match(site.io.written, /Nobody has accepted gw-7/);
    site.assertUntouched();
  });

  test(`over ${way}, an interrupt leaves nothing behind`, async (t) => {
    const site = await Site.open(t);
    site.expect();
    const registering = site.register({ mqtt });
    await eventually(
      () => site.cloud.platform.deviceRequests.get(DEVICE).status === 'PENDING_ACCEPTANCE' || undefined,
      'a device that asks',
    );
    site.io.interrupt();
    assert.equal(await registering, 1);
    assert.match(site.io.written, /Stopped\. Nothing was handed out/);
    site.assertUntouched();
  });

  test(`over ${way}, credentials that are on their way at an interrupt are stored`, async (t) => {
    const site = await Site.open(t, { acceptAllDevices: true });
    site.io.interruptsAtOnce = true;
    assert.equal(await site.register({ mqtt }), 0);
    site.assertRegistered();
  });
}

test('a cloud that is away for a while is asked again', async (t) => {
  const site = await Site.open(t, { acceptAllDevices: true });
  site.cloud.faults.set({ requests: [{ path: CREDENTIALS, status: 503, times: 3 }] });
  assert.equal(await site.register(), 0);
  assert.match(site.io.written, /answered 503; trying again/);
  site.assertRegistered();
});

test('credentials that are there are kept, unless --force says otherwise', async (t) => {
  const site = await Site.open(t, { acceptAllDevices: true });
  writeFileSync(site.file, 'kept', { mode: 0o600 });
  assert.equal(await site.register(), 1);
  assert.match(site.io.written, /this device has credentials/);
  assert.equal(readFileSync(site.file, 'utf8'), 'kept');
  assert.equal(site.asked(), 0);
  assert.equal(await site.register({ force: true }), 0);
  site.assertRegistered();
});

test('a place that cannot be written is found before the cloud is asked', async (t) => {
  const site = await Site.open(t, { acceptAllDevices: true });
  site.configure({ credentialsFile: 'nowhere/credentials.yaml' });
  assert.equal(await site.register(), 1);
  assert.match(site.io.written, /cannot be written: its folder does not exist\. Nothing was asked\./);
  assert.equal(site.asked(), 0);
});

test('the bootstrap password may come from a file that is closed to others', async (t) => {
  const site = await Site.open(t, { acceptAllDevices: true });
  delete site.io.env.C8Y_BOOTSTRAP_PASSWORD;
  const secrets = mkdtempSync(path.join(tmpdir(), 'gatehouse-bootstrap-'));
  t.after(() => rmSync(secrets, { recursive: true, force: true }));
  const bootstrapPasswordFile = path.join(secrets, 'bootstrap');
  writeFileSync(bootstrapPasswordFile, `${BOOTSTRAP.password}\n`, { mode: 0o644 });
  chmodSync(bootstrapPasswordFile, 0o644);
  assert.equal(await site.register({ bootstrapPasswordFile }), 64);
  assert.match(site.io.written, /chmod 600/);
  chmodSync(bootstrapPasswordFile, 0o600);
  assert.equal(await site.register({ bootstrapPasswordFile }), 0);
  site.assertRegistered();
});

test('without a bootstrap password and without a terminal it says how to give it', async (t) => {
  const site = await Site.open(t);
  delete site.io.env.C8Y_BOOTSTRAP_PASSWORD;
  assert.equal(await site.register(), 64);
  assert.match(site.io.written, /--bootstrap-password-file, or set C8Y_BOOTSTRAP_PASSWORD/);
});

test('an unreadable --timeout and a malformed --bootstrap-user are wrong usage', async (t) => {
  const site = await Site.open(t);
  assert.equal(await site.register({ timeout: '5' }), 64);
  assert.match(site.io.written, /--timeout must be a duration/);
  assert.equal(await site.register({ bootstrapUser: 'devicebootstrap' }), 64);
  assert.match(site.io.written, /tenant\/user/);
});

test('with --json, standard output is one document and has no password', async (t) => {
  const site = await Site.open(t, { acceptAllDevices: true });
  assert.equal(await site.register({ json: true }), 0);
  assert.deepEqual(JSON.parse(site.io.written), {
    ok: true,
    tenant: 't0815',
    user: 'device_gw-7',
    file: site.file,
  });
  site.assertRegistered();
});

test('when the place is gone by the time that the credentials come, they are kept elsewhere, and it says where', async (t) => {
  const site = await Site.open(t);
  site.expect();
  const registering = site.register();
  await eventually(() => site.asked() > 0 || undefined, 'a device that asks');
  mkdirSync(site.file);
  site.cloud.platform.deviceRequests.accept(DEVICE);
  assert.equal(await registering, 1);
  const [, elsewhere = ''] = /are in (\S+); move that file to/.exec(site.io.written) ?? [];
  t.after(() => rmSync(elsewhere, { force: true }));
  assert.equal(statSync(elsewhere).mode & 0o777, 0o600);
  assert.match(readFileSync(elsewhere, 'utf8'), /^user: "device_gw-7"$/m);
  assert.deepEqual(readdirSync(site.folder).sort(), ['credentials.yaml', 'gatehouse.yaml']);
});

test('an answer without credentials is told, not stored', async (t) => {
  const site = await Site.open(t);
  site.cloud.faults.set({ requests: [{ path: CREDENTIALS, status: 200 }] });
  assert.equal(await site.register(), 69);
  assert.match(site.io.written, /its answer holds no credentials/);
  site.assertUntouched();
});

for (const mqtt of [false, true]) {
  test(`the proxy and the roots of the configuration are used over ${mqtt ? 'MQTT' : 'REST'}`, async (t) => {
    const site = await Site.open(t, { acceptAllDevices: true, httpsPort: 0, mqttsPort: 0 });
    const proxy = await ConnectProxyServer.start();
    t.after(() => proxy.stop());
    const ca = path.join(site.folder, 'ca.pem');
    writeFileSync(ca, site.cloud.ca ?? '');
    const { port } = proxy.config();
    const settings = {
      url: site.cloud.httpsUrl,
      caFile: 'ca.pem',
      proxy: `http://plant:pr0xypass@127.0.0.1:${port}`,
    };
    site.configure(settings, { mqttUrl: site.cloud.mqttsUrl });
    assert.equal(await site.register({ mqtt }), 0, site.io.written);
    const { host } = new URL((mqtt ? site.cloud.mqttsUrl : site.cloud.httpsUrl) ?? '');
    assert.deepEqual([...new Set(proxy.targets)], [host]);
  });
}

test('a certificate that nobody trusts ends it, and nothing was sent', async (t) => {
  const site = await Site.open(t, { acceptAllDevices: true, httpsPort: 0 });
  site.configure({ url: site.cloud.httpsUrl });
  assert.equal(await site.register(), 69);
  assert.match(site.io.written, /set cloud\.caFile to trust it/);
  assert.equal(site.asked(), 0);
  site.assertUntouched();
});
