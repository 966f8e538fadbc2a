import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { startCloud, type Cloud } from '../../simulator/cloud.js';
import { BOOTSTRAP } from '../../simulator/platform.js';
import { Command, gatehouse } from '../helpers/command.js';
import { eventually } from '../helpers/eventually.js';
import { PlantTarget } from '../helpers/plant.js';
import { WizardTerminal } from '../helpers/wizard-terminal.js';

const DEVICE = 'gw-7';

async function startWorld(t: TestContext): Promise<{ cloud: Cloud; folder: string }> {
  const cloud = await startCloud();
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-wizard-'));
  t.after(async () => {
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return { cloud, folder };
}

function open(
  t: TestContext,
  args: readonly string[],
  folder: string,
  env?: Record<string, string>,
): WizardTerminal {
  const terminal = new WizardTerminal(args, folder, env);
  t.after(() => terminal.close());
  return terminal;
}

/** What an administrator does over REST. */
async function asOperator(cloud: Cloud, method: string, at: string, body: object): Promise<void> {
  const { tenant, user, password } = cloud.operator;
  const authorization = `Basic ${Buffer.from(`${tenant}/${user}:${password}`).toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const reply = await fetch(`${cloud.url}${at}`, { method, headers, body: JSON.stringify(body) });
  assert.ok(reply.ok, `${method} ${at}: ${reply.status}`);
}

/** Accepts the device as soon as it has asked for its credentials. */
async function accept(cloud: Cloud): Promise<void> {
  await eventually(
    () => cloud.platform.deviceRequests.get(DEVICE).status === 'PENDING_ACCEPTANCE' || undefined,
    'a device that asks',
  );
  await asOperator(cloud, 'PUT', `/devicecontrol/newDeviceRequests/${DEVICE}`, { status: 'ACCEPTED' });
}

test('from an empty folder to a tunnelled byte: init, register, check, run', async (t) => {
  const { cloud, folder } = await startWorld(t);
  const target = await PlantTarget.listen();
  t.after(() => target.close());

  const wizard = open(t, ['init'], folder);
  await wizard.answer('Address of the tenant', cloud.url);
  await wizard.answer('HTTP proxy, or a certificate', '');
  await wizard.answer('External id', DEVICE);
  await wizard.answer('Which [1]', '');
  await wizard.answer('User as tenant/user', '');
  await wizard.answer('or DNS name (Enter: none)', '127.0.0.1');
  await wizard.answer('Its ports', String(target.port));
  await wizard.answer('Its name in logs', 'echo');
  await wizard.answer('Another host', '');
  await wizard.answer('Write this to', '');
  assert.equal(await wizard.ended(), 0);
  wizard.capture('init-new-device');
  assert.deepEqual(readdirSync(folder), ['gatehouse.yaml']);
  assert.equal(statSync(path.join(folder, 'gatehouse.yaml')).mode & 0o777, 0o600);

  await asOperator(cloud, 'POST', '/devicecontrol/newDeviceRequests', { id: DEVICE });
  const registering = open(t, ['register'], folder);
  await registering.answer('Password of management/devicebootstrap (not shown):', BOOTSTRAP.password);
  await registering.shows('waiting for somebody to accept it');
  registering.capture('register-waiting');
  await accept(cloud);
  assert.equal(await registering.ended(), 0);
  registering.capture('register-done');
  assert.ok(!registering.screen.includes(BOOTSTRAP.password));

  const checked = await gatehouse(['check'], { cwd: folder });
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  assert.match(checked.stdout, /^ok +credentials: accepted as device_gw-7$/m);

  const agent = new Command(['run'], { cwd: folder, env: { GATEHOUSE_ADMIN_LISTEN: '127.0.0.1:0' } });
  t.after(() => agent.discard());
  await agent.printed(/gatehouse started/);
  const deviceId = await eventually(
    () => cloud.platform.deviceBySerial(DEVICE)?.id,
    'the gateway in the inventory',
  );
  await asOperator(cloud, 'POST', `/service/remoteaccess/devices/${deviceId}/configurations`, {
    ...{ name: 'echo', hostname: '127.0.0.1', port: target.port },
    ...{ protocol: 'PASSTHROUGH', credentialsType: 'NONE' },
  });
  const { tenant, user, password } = cloud.operator;
  const operator = { C8Y_BASEURL: cloud.url, C8Y_TENANT: tenant, C8Y_USER: user, C8Y_PASSWORD: password };
  const client = new Command(['connect', DEVICE, 'echo', '--json'], { cwd: folder, env: operator });
  t.after(() => client.discard());
  const [, port] = await client.printed(/"port":(\d+)/);
  const socket = connect(Number(port), '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write('!');
  const [echo] = (await once(socket, 'data')) as [Buffer];
  assert.equal(echo.toString(), '!');
});

test('a known device: its endpoints are read with its own credentials, proposed, and permitted by number', async (t) => {
  const { cloud, folder } = await startWorld(t);
  const device = cloud.registerDevice(DEVICE);
  const child = cloud.addChild(device.id, 'plc-17', { name: 'Filler 17' });
  cloud.addConfiguration(device.id, { name: 'web', hostname: '127.0.0.1', port: 80 });
  cloud.addConfiguration(device.id, { name: 'metadata', hostname: '169.254.169.254', port: 80 });
  cloud.addConfiguration(child.id, { name: 'Panel, front', hostname: '10.0.5.7', port: 5900 });
  cloud.addConfiguration(child.id, { name: 'web', hostname: '10.0.5.7', port: 80 });

  const wizard = open(t, ['init', '--url', cloud.url, '--device', DEVICE], folder);
  await wizard.answer('HTTP proxy, or a certificate', 'n');
  await wizard.answer('Which [1]', '7');
  await wizard.answer('It must be a number from 1 to', '2');
  await wizard.answer('Tenant id', device.tenant);
  await wizard.answer('User', device.user);
  await wizard.answer('Password (not shown):', 'canary-mistyped');
  await wizard.shows('the cloud does not accept this user and password');
  await wizard.answer('Type user and password again?', '');
  await wizard.answer(/Tenant id[^]*Tenant id/, device.tenant);
  await wizard.answer(/User:[^]*User:/, device.user);
  await wizard.answer(/Password \(not shown\):[^]*Password \(not shown\):/, device.password);
  await wizard.shows('Left out: metadata, whose host 169.254.169.254 is a link-local address');
  await wizard.answer('Permit which?', '4');
  await wizard.answer('It must be all, none, or numbers from 1 to 3', '1-2');
  await wizard.answer('Another host', '');
  await wizard.shows('Write this to');
  wizard.capture('init-known-device');
  assert.doesNotMatch(wizard.screen, /canary/);
  assert.ok(!wizard.screen.includes(device.password));
  await wizard.answer('Write this to', 'y');
  assert.equal(await wizard.ended(), 0);

  assert.deepEqual(readdirSync(folder).sort(), ['gatehouse.password', 'gatehouse.yaml']);
  for (const file of readdirSync(folder)) assert.equal(statSync(path.join(folder, file)).mode & 0o777, 0o600);
  assert.equal(readFileSync(path.join(folder, 'gatehouse.password'), 'utf8'), `${device.password}\n`);
  const text = readFileSync(path.join(folder, 'gatehouse.yaml'), 'utf8');
  assert.match(text, /^# yaml-language-server: \$schema=\/.*gatehouse\.schema\.json$/m);
  const explained = await gatehouse(['explain', '10.0.5.7:5900', '--device', 'plc-17'], { cwd: folder });
  assert.match(explained.stdout, /Panel-front/);
  assert.equal(explained.code, 0);
  const refused = await gatehouse(['explain', '10.0.5.7:80', '--device', 'plc-17'], { cwd: folder });
  assert.equal(refused.code, 1);
});

test('Ctrl-C at any question leaves nothing behind, also at a hidden one', async (t) => {
  const { cloud, folder } = await startWorld(t);
  for (const question of ['Address of the tenant', 'Password (not shown)', 'Write this to']) {
    const wizard = open(t, ['init'], folder);
    if (question !== 'Address of the tenant') {
      await wizard.answer('Address of the tenant', cloud.url);
      await wizard.answer('HTTP proxy', '');
      await wizard.answer('External id', DEVICE);
      await wizard.answer('Which [1]', question.startsWith('Password') ? '2' : '1');
    }
    if (question.startsWith('Password')) {
      await wizard.answer('Tenant id', '');
      await wizard.answer('User:', 'device_gw-7');
    }
    if (question.startsWith('Write')) {
      await wizard.answer('User as tenant/user', '');
      await wizard.answer('DNS name (Enter: none)', '');
    }
    await wizard.shows(question);
    wizard.press('C-c');
    assert.equal(await wizard.ended(), 1);
    assert.match(wizard.screen, /Stopped; nothing was written/);
    assert.deepEqual(readdirSync(folder), []);
  }
});

test('a file that is there is replaced only when somebody says so', async (t) => {
  const { cloud, folder } = await startWorld(t);
  const file = path.join(folder, 'gatehouse.yaml');
  writeFileSync(file, 'kept');
  const wizard = open(t, ['init'], folder);
  await wizard.answer('is there already. Replace it? [y/N]', '');
  assert.equal(await wizard.ended(), 1);
  assert.equal(readFileSync(file, 'utf8'), 'kept');

  const flags = ['--url', cloud.url, '--device', DEVICE];
  const refused = await gatehouse(['init', ...flags], { cwd: folder });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /is there already; --force replaces it/);
  assert.equal(readFileSync(file, 'utf8'), 'kept');
  const forced = await gatehouse(['init', '--force', '--json', ...flags], { cwd: folder });
  assert.equal(forced.code, 0);
  assert.deepEqual(JSON.parse(forced.stdout), {
    ok: true,
    file,
    secrets: [],
    conduits: 0,
    isRegistered: false,
  });
  assert.match(readFileSync(file, 'utf8'), /externalId: gw-7/);
});
