import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { init, type InitOptions } from '../../../src/cli/init.js';
import { loadConfig } from '../../../src/config/load.js';
import { startCloud, type Cloud } from '../../../simulator/cloud.js';
import { FakeIo } from './fake-io.js';

const NEW = { url: 'acme.example.com', device: 'gw-7' };

/** A script in an empty folder. */
function script(t: TestContext, env: Record<string, string> = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-init-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const io = new FakeIo(folder, env);
  return { folder, io, init: (options: InitOptions) => init(options, io) };
}

async function cloudWithDevice(t: TestContext): Promise<{ cloud: Cloud; login: Record<string, string> }> {
  const cloud = await startCloud();
  t.after(() => cloud.stop());
  const device = cloud.registerDevice('gw-7');
  cloud.addConfiguration(device.id, { name: 'ssh', hostname: '10.0.5.1', port: 22 });
  const child = cloud.addChild(device.id, 'plc-1');
  cloud.addConfiguration(child.id, { name: 'web', hostname: '10.0.5.7', port: 80 });
  const { tenant, user, password } = cloud.operator;
  return { cloud, login: { C8Y_TENANT: tenant, C8Y_USER: user, C8Y_PASSWORD: password } };
}

test('flags alone make a configuration for a new device, for its owner only', async (t) => {
  const { folder, io, init } = script(t);
  assert.equal(await init({ ...NEW, conduit: ['hmi=10.0.5.7:5900'] }), 0);
  assert.deepEqual(readdirSync(folder), ['gatehouse.yaml']);
  assert.equal(statSync(path.join(folder, 'gatehouse.yaml')).mode & 0o777, 0o600);
  const loginAs = { tenant: 't', user: 'u', password: 'p' };
  const { config } = loadConfig({ file: 'gatehouse.yaml', env: {}, cwd: folder, loginAs });
  assert.equal(config.cloud.url, 'https://acme.example.com');
  assert.equal(config.cloud.credentialsFile, path.join(folder, 'gatehouse.credentials.yaml'));
  assert.deepEqual(
    config.conduits.map(({ name, host }) => [name, host]),
    [['hmi', '10.0.5.7']],
  );
  assert.match(
    io.written,
    /gatehouse register .*\n {2}gatehouse check .*\n {2}gatehouse explain 10\.0\.5\.7:5900 /,
  );
});

test('a device that is known logs in with a file that is there; paths count from where they were typed', async (t) => {
  const { folder, init } = script(t);
  mkdirSync(path.join(folder, 'etc'));
  writeFileSync(path.join(folder, 'secret'), 'canary', { mode: 0o600 });
  const flags = { tenant: 't1', user: 'device_gw-7', passwordFile: 'secret', file: 'etc/g.yaml' };
  assert.equal(await init({ ...NEW, ...flags }), 0);
  const { config } = loadConfig({ file: 'etc/g.yaml', env: {}, cwd: folder });
  assert.ok(config.cloud.credentials.kind === 'basic');
  assert.equal(config.cloud.credentials.password.reveal(), 'canary');
});

for (const [what, flags, pattern] of [
  ['nothing', {}, /Not given: --url, --device/],
  ['a wrong URL', { ...NEW, url: 'http://acme.example.com' }, /--url must not begin with http:/],
  ['a user without a password', { ...NEW, user: 'x' }, /--user and --password-file go together/],
  ['two ways to log in', { ...NEW, tokenFile: 'a', credentialsFile: 'b' }, /more than one way/],
  ['a proxy with a password', { ...NEW, proxy: 'u:canary@proxy:3128' }, /--proxy-file/],
  ['an unknown intake', { ...NEW, intake: 'pigeon' }, /--intake must be one of/],
  ['a missing authority', { ...NEW, caFile: 'no-such.pem' }, /--ca-file names a file that does not exist/],
  ['two conduits of one name', { ...NEW, conduit: ['a=b:1', 'a=c:1'] }, /two are called a/],
] as const) {
  test(`${what} is wrong usage, and nothing is written`, async (t) => {
    const { folder, io, init } = script(t);
    assert.equal(await init(flags), 64);
    assert.match(io.complained, pattern);
    assert.doesNotMatch(io.complained, /canary/);
    assert.deepEqual(readdirSync(folder), []);
  });
}

test('a device with a certificate logs in with that', async (t) => {
  const { cloud } = await cloudWithDevice(t);
  const { cert, key } = await cloud.issueDeviceCertificate('gw-7');
  const { folder, init } = script(t);
  writeFileSync(path.join(folder, 'gw.pem'), cert);
  writeFileSync(path.join(folder, 'gw.key'), key, { mode: 0o600 });
  assert.equal(await init({ ...NEW, certFile: 'gw.pem', keyFile: 'gw.key' }), 0);
  const { config } = loadConfig({ file: 'gatehouse.yaml', env: {}, cwd: folder });
  assert.equal(config.cloud.credentials.kind, 'certificate');
});

test('beside thin-edge.io its credentials are used, and nothing is to be registered', async (t) => {
  const { folder, io, init } = script(t);
  assert.equal(await init({ ...NEW, intake: 'thin-edge' }), 0);
  const text = readFileSync(path.join(folder, 'gatehouse.yaml'), 'utf8');
  assert.doesNotMatch(text, /^ +(credentials|password|token)File:/m);
  assert.match(text, /kind: thin-edge/);
  assert.doesNotMatch(io.written, /gatehouse register/);
  assert.match(io.written, /sudo gatehouse thin-edge install .*\n {2}gatehouse check /);
});

for (const [what, flags, pattern] of [
  [
    'password',
    { user: 'device_gw-7', passwordFile: 'no-such' },
    /--password-file "no-such" names a file that/,
  ],
  ['token', { tokenFile: 'no-such' }, /--token-file "no-such" names a file that does not exist/],
  ['proxy', { proxyFile: 'no-such' }, /--proxy-file "no-such" names a file that does not exist/],
  ['key', { certFile: 'no-such', keyFile: 'x' }, /--cert-file "no-such" [^]*--key-file "x" names a file/],
] as const) {
  test(`a file with the ${what} that is not there is wrong usage of its flag`, async (t) => {
    const { folder, io, init } = script(t);
    assert.equal(await init({ ...NEW, ...flags }), 64);
    assert.match(io.complained, pattern);
    assert.doesNotMatch(io.complained, /gatehouse\.yaml/);
    assert.deepEqual(readdirSync(folder), []);
  });
}

test('a folder that is missing is made; one that cannot be made is told', async (t) => {
  const { folder, io, init } = script(t);
  assert.equal(await init({ ...NEW, file: 'a/b/g.yaml' }), 0);
  assert.ok(statSync(path.join(folder, 'a/b/g.yaml')).isFile());
  assert.equal(await init({ ...NEW, file: 'a/b/g.yaml/g.yaml' }), 1);
  assert.match(io.complained, /cannot be written: .*Nothing was written/);
});

test('the endpoints of the tenant are permitted, with those of children for these alone', async (t) => {
  const { cloud, login } = await cloudWithDevice(t);
  const { folder, init } = script(t, login);
  const flags = { url: cloud.url, device: 'gw-7', permitEndpoints: true, conduit: ['ssh=10.0.9.9:22'] };
  assert.equal(await init(flags), 0);
  const loginAs = { tenant: 't', user: 'u', password: 'p' };
  const { config } = loadConfig({ file: 'gatehouse.yaml', env: {}, cwd: folder, loginAs });
  assert.deepEqual(
    config.conduits.map(({ name, host }) => [name, host]),
    [
      ['ssh', '10.0.9.9'],
      ['ssh-2', '10.0.5.1'],
      ['web', '10.0.5.7'],
    ],
  );
  assert.deepEqual(
    config.device.children.map(({ externalId, targets }) => [externalId, targets]),
    [['plc-1', ['web']]],
  );
  assert.ok(!readFileSync(path.join(folder, 'gatehouse.yaml'), 'utf8').includes(cloud.operator.password));
});

test('endpoints that cannot be read end it, each cause with its exit code', async (t) => {
  const { cloud, login } = await cloudWithDevice(t);
  const flags = { url: cloud.url, device: 'gw-7', permitEndpoints: true };
  const refused = script(t, { ...login, C8Y_PASSWORD: 'canary-wrong' });
  assert.equal(await refused.init(flags), 77);
  assert.doesNotMatch(refused.io.complained, /canary/);
  const unknown = script(t, login);
  assert.equal(await unknown.init({ ...flags, device: 'gw-8' }), 1);
  assert.match(unknown.io.complained, /does not know gw-8/);
  const nobody = script(t);
  assert.equal(await nobody.init(flags), 64);
  assert.match(nobody.io.complained, /C8Y_USER and C8Y_PASSWORD/);
  await cloud.stop();
  const away = script(t, login);
  assert.equal(await away.init(flags), 69);
  for (const { folder } of [refused, unknown, nobody, away]) assert.deepEqual(readdirSync(folder), []);
});
