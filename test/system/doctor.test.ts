import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EXIT } from '../../src/exit-codes.js';
import { startAgent, startTarget } from '../helpers/agent-scene.js';
import { closedPort } from '../helpers/closed-port.js';
import { Command, gatehouse } from '../helpers/command.js';
import { Patient, type Finding } from '../helpers/doctor.js';
import { PlantTarget } from '../helpers/plant.js';
import { SilentPort } from '../helpers/silent-port.js';

/*
 * Each test makes one thing really wrong, with real servers, and lets `gatehouse check` find it: that one and no other,
 * with the lines to paste against it. Where they can be followed on this machine they are, and then all is well. The
 * faults of the way to the cloud are in doctor-way.test.ts.
 */

test('a gateway with nothing wrong is told so', async (t) => {
  const patient = await Patient.healthy(t);
  await patient.isHealthy();
});

test('wrong tenant: the tenant of this host is named', async (t) => {
  const patient = await Patient.healthy(t);
  patient.configure({ cloud: { tenant: 't0816' } });
  await patient.follow(await patient.suffersFrom('tenant-wrong', ['  tenant: t0815'], EXIT.refused));
  await patient.isHealthy();
});

test('wrong tenant in the environment: the variable is named', async (t) => {
  const patient = await Patient.healthy(t);
  const { failed } = await patient.examine({ C8Y_TENANT: 't0816' });
  assert.deepEqual(failed[0]?.fixes?.[0]?.paste, ['C8Y_TENANT=t0815']);
});

test('wrong password in the configuration: the right one goes into a file of its own', async (t) => {
  const patient = await Patient.healthy(t);
  patient.configure({ cloud: { password: 'not-the-password' } });
  const line = '  passwordFile: /etc/gatehouse/password';
  const fix = await patient.suffersFrom('credentials-refused', [line], EXIT.refused);
  const file = patient.write('password', patient.device.password);
  await patient.follow({ ...fix, paste: [`  passwordFile: ${file}`] });
  await patient.isHealthy();
});

test('wrong password in a file of its own: the content of that file', async (t) => {
  const patient = await Patient.healthy(t);
  const passwordFile = patient.write('password', 'not-the-password');
  patient.configure({ cloud: { password: undefined, passwordFile } });
  const fix = await patient.suffersFrom('credentials-refused', ['PASSWORD'], EXIT.refused);
  await patient.follow({ ...fix, paste: [patient.device.password] });
  await patient.isHealthy();
});

test('wrong password in the environment: the variable', async (t) => {
  const patient = await Patient.healthy(t);
  const { failed } = await patient.examine({ C8Y_PASSWORD: 'not-the-password' });
  assert.deepEqual(failed[0]?.fixes?.[0]?.paste, ['C8Y_PASSWORD=PASSWORD']);
});

test('wrong token: the content of its file, and a token is tried by hand, not a user', async (t) => {
  const patient = await Patient.healthy(t);
  const tokenFile = patient.write('token', 'not-the-token');
  patient.configure({ cloud: { tenant: undefined, user: undefined, password: undefined, tokenFile } });
  await patient.suffersFrom('credentials-refused', ['TOKEN'], EXIT.refused);
  const byHand = /^curl -i -H 'Authorization: Bearer TOKEN' http:/;
  await patient.suffersFrom('credentials-refused', [byHand], EXIT.refused);
});

test('registered credentials that are refused: the device is registered anew, and then all is well', async (t) => {
  const patient = await Patient.healthy(t, { acceptAllDevices: true });
  const { tenant, user } = patient.device;
  patient.write('credentials.yaml', JSON.stringify({ tenant, user, password: 'not-the-password' }));
  const credentials = { tenant: undefined, user: undefined, password: undefined };
  patient.configure({ cloud: { ...credentials, credentialsFile: 'credentials.yaml' } });
  const command = 'gatehouse register --force --config gatehouse.yaml';
  await patient.follow(await patient.suffersFrom('credentials-refused', [command], EXIT.refused));
  await patient.isHealthy();
});

test('not registered yet: the way to the cloud is tried all the same, and register is the fix', async (t) => {
  const patient = await Patient.healthy(t, { acceptAllDevices: true });
  const credentials = { tenant: undefined, user: undefined, password: undefined };
  patient.configure({ cloud: { ...credentials, credentialsFile: 'credentials.yaml' } });
  const command = 'gatehouse register --config gatehouse.yaml';
  const fix = await patient.suffersFrom('credentials-missing', [command], EXIT.config);
  const { checks } = await patient.examine();
  const status = (id: string) => checks.find((check) => check.id === id)?.status;
  assert.deepEqual(['tcp', 'clock', 'managed-object'].map(status), ['ok', 'ok', 'skipped']);
  await patient.follow(fix);
  await patient.isHealthy();
});

test('not registered yet, and no way to the cloud: both are told', async (t) => {
  const patient = await Patient.healthy(t);
  const credentials = { tenant: undefined, user: undefined, password: undefined };
  const url = `http://127.0.0.1:${await closedPort()}`;
  patient.configure({ cloud: { ...credentials, url, credentialsFile: 'credentials.yaml' } });
  const { failed, code } = await patient.examine();
  assert.deepEqual(
    failed.map(({ fault }) => fault),
    ['cloud-closed', 'credentials-missing'],
  );
  assert.equal(code, EXIT.unreachable);
});

test('missing role: the command gives exactly that role to exactly that user', async (t) => {
  const patient = await Patient.healthy(t);
  patient.cloud.platform.users.add('device_gw-8', 'password-of-8', []);
  patient.configure({
    cloud: { user: 'device_gw-8', password: 'password-of-8' },
    device: { externalId: 'gw-8' },
  });
  const command = 'c8y userroles addRoleToUser --user device_gw-8 --role ROLE_INVENTORY_CREATE';
  await patient.suffersFrom('role-missing', [command], EXIT.failed);
});

test('remote access not subscribed: the command subscribes this tenant', async (t) => {
  const patient = await Patient.healthy(t);
  patient.cloud.platform.subscriptions.remove('remoteaccess');
  const command = 'c8y tenants enableApplication --tenant t0815 --application remoteaccess';
  await patient.suffersFrom('remote-access-missing', [command], EXIT.failed);
  patient.cloud.platform.subscriptions.add('remoteaccess');
  await patient.isHealthy();
});

test('external id taken: it belongs to another device, and another id is free', async (t) => {
  const patient = await Patient.healthy(t);
  const { user, password } = patient.cloud.registerDevice('gw-8');
  patient.configure({ cloud: { user, password } });
  await patient.follow(
    await patient.suffersFrom('external-id-taken', ['  externalId: "gw-7-2"'], EXIT.failed),
  );
  await patient.isHealthy();
});

test('supported operations missing although the agent runs: it is to be restarted', async (t) => {
  const agent = await startAgent(t);
  agent.cloud.platform.inventory.update(agent.device.id, { c8y_SupportedOperations: ['c8y_Restart'] });
  const { stdout, code } = await agent.ask('check', '--json');
  const { checks } = JSON.parse(stdout) as { checks: Finding[] };
  const failed = checks.filter(({ status }) => status === 'failed');
  assert.deepEqual(
    failed.map(({ fault }) => fault),
    ['operations-missing'],
  );
  assert.deepEqual(failed[0]?.fixes?.[0]?.paste, ['sudo systemctl restart gatehouse']);
  assert.match(failed[0].fixes[1]?.paste[0] ?? '', /\["c8y_Restart","c8y_RemoteAccessConnect"\]/);
  assert.equal(code, EXIT.failed);
});

test('supported operations missing before the first start: nothing is wrong, and the next step is named', async (t) => {
  const patient = await Patient.healthy(t);
  patient.cloud.platform.inventory.update(patient.device.id, { c8y_SupportedOperations: [] });
  const { code, checks } = await patient.examine();
  const found = checks.find(({ id }) => id === 'supported-operations');
  assert.deepEqual(
    [code, found?.status, found?.fixes?.[0]?.paste],
    [0, 'ok', ['gatehouse run --config gatehouse.yaml']],
  );
});

test('a WebSocket that a proxy does not let through: the lines for that proxy', async (t) => {
  const patient = await Patient.healthy(t);
  patient.cloud.faults.set({ requests: [{ path: '/service/remoteaccess/device/*', status: 502 }] });
  const lines = [/^proxy_http_version 1\.1;$/, /Upgrade \$http_upgrade;$/, /Connection "upgrade";$/];
  await patient.suffersFrom('web-socket-blocked', lines, EXIT.failed);
});

test('target closed: it is to be started, or its port corrected in the line of its conduit', async (t) => {
  const patient = await Patient.healthy(t);
  const port = await closedPort();
  patient.configure({ conduits: [{ name: 'hmi', host: '127.0.0.1', ports: [port] }] });
  await patient.suffersFrom('target-closed', [`nc -vz 127.0.0.1 ${port}`], EXIT.failed);
  const fix = await patient.suffersFrom('target-closed', ['    ports: [PORT]'], EXIT.failed);
  assert.match(fix.what, /conduit hmi, gatehouse\.yaml:\d+$/);
});

test('target filtered: the rule for the firewall in between', async (t) => {
  const patient = await Patient.healthy(t);
  const silent = await SilentPort.on('127.0.0.1');
  t.after(() => silent.close());
  patient.configure({ conduits: [{ name: 'hmi', host: '127.0.0.1', ports: [silent.port] }] });
  const rule = `nft add rule inet filter forward ip daddr 127.0.0.1 tcp dport ${silent.port} accept`;
  await patient.suffersFrom('target-silent', [rule], EXIT.failed);
});

test('target without an address: the name is to be looked up here', async (t) => {
  const patient = await Patient.healthy(t);
  patient.configure({ conduits: [{ name: 'hmi', host: 'hmi.invalid', ports: [5900] }] });
  await patient.suffersFrom('target-unresolved', ['getent hosts hmi.invalid'], EXIT.failed);
});

for (const [what, host, why] of [
  ['of a cloud metadata service', '169.254.169.254', 'it is a link-local address'],
  ['that is unspecified', '0.0.0.0', 'it is the unspecified address'],
] as const) {
  test(`a target ${what} is never reached, so it is not dialled; another one is`, async (t) => {
    const patient = await Patient.healthy(t);
    const target = await startTarget(t);
    patient.configure({ conduits: [{ name: 'hmi', host, ports: [target.port] }] });
    const paste = ['    host: ADDRESS'];
    const fix = await patient.suffersFrom('target-never', paste, EXIT.failed);
    const [failure] = (await patient.examine()).checks.filter(({ status }) => status === 'failed');
    assert.match(failure?.detail ?? '', new RegExp(`${why}, which is never reached`));
    assert.equal(target.connections.length, 0);
    assert.match(fix.what, /conduit hmi, gatehouse\.yaml:\d+$/);
    patient.configure({ conduits: [{ name: 'hmi', host: '127.0.0.1', ports: [target.port] }] });
    await patient.isHealthy();
  });
}

test('a conduit for the admin listener itself: never reached, and explain says so too', async (t) => {
  const patient = await Patient.healthy(t);
  const port = await closedPort();
  const conduits = [{ name: 'self', host: '127.0.0.1', ports: [port] }];
  patient.configure({ admin: { listen: `127.0.0.1:${port}` }, conduits });
  const command = `gatehouse explain 127.0.0.1:${port} --config gatehouse.yaml`;
  await patient.suffersFrom('target-never', [command], EXIT.failed);
  await assert.rejects(patient.run(command), { stdout: /the admin listener of this gateway/ });
});

test('admin port taken by the agent of another device: it is named, and run says the key and what to do', async (t) => {
  const other = await startAgent(t);
  const patient = await Patient.healthy(t);
  const listen = new URL(other.adminUrl).host;
  const { user, password } = patient.cloud.registerDevice('gw-9');
  patient.configure({ admin: { listen }, device: { externalId: 'gw-9' }, cloud: { user, password } });
  const run = await gatehouse(['run'], { cwd: patient.folder });
  assert.equal(run.code, EXIT.failed);
  assert.match(run.stderr, new RegExp(`admin\\.listen ${listen} cannot be had .*name another one`));
  const { checks } = await patient.examine();
  assert.match(checks.find(({ id }) => id === 'admin')?.detail ?? '', /the agent of another device, gw-7$/);
  await patient.follow(
    await patient.suffersFrom('admin-taken', [/^ {2}listen: 127\.0\.0\.1:\d+$/], EXIT.failed),
  );
  await patient.isHealthy();
});

test('admin port taken by an agent that refuses our token: it is not taken for ours', async (t) => {
  const other = await startAgent(t, {
    sections: { admin: { listen: '127.0.0.1:0', token: 'the-token-of-that-agent' } },
    waitForLink: false,
  });
  const patient = await Patient.healthy(t);
  patient.configure({ admin: { listen: new URL(other.adminUrl).host, token: 'the-token-of-this-agent' } });
  const { failed, checks } = await patient.examine();
  assert.deepEqual(
    failed.map(({ fault }) => fault),
    ['admin-taken'],
  );
  assert.match(checks.find(({ id }) => id === 'admin')?.detail ?? '', /refuses the token/);
});

test('admin port taken by another program: a free one is proposed, and is one', async (t) => {
  const patient = await Patient.healthy(t);
  const other = await PlantTarget.listen();
  t.after(() => other.close());
  patient.configure({ admin: { listen: `127.0.0.1:${other.port}` } });
  await patient.follow(
    await patient.suffersFrom('admin-taken', [/^ {2}listen: 127\.0\.0\.1:\d+$/], EXIT.failed),
  );
  await patient.isHealthy();
});

test('file modes: the command shuts a configuration with a password that everybody can read', async (t) => {
  const patient = await Patient.healthy(t);
  chmodSync(patient.file, 0o644);
  await patient.follow(await patient.suffersFrom('file-modes', [`chmod 600 ${patient.file}`], EXIT.config));
  await patient.isHealthy();
});

test('file modes: the command shuts a state directory that others can write', async (t) => {
  const patient = await Patient.healthy(t);
  const directory = path.join(patient.folder, '.gatehouse');
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  await patient.follow(await patient.suffersFrom('state-unusable', [`chmod 0700 ${directory}`], EXIT.failed));
  await patient.isHealthy();
});

test('a state directory that another agent uses: that one is named, another directory is proposed', async (t) => {
  const other = await startAgent(t);
  const patient = await Patient.healthy(t);
  const directory = path.join(other.folder, '.gatehouse');
  patient.configure({ state: { directory }, admin: { listen: `127.0.0.1:${await closedPort()}` } });
  const own = new RegExp(`^ {2}directory: ${directory}-2$`);
  const fix = await patient.suffersFrom('state-in-use', [own], EXIT.failed);
  const { checks } = await patient.examine();
  assert.match(checks.find(({ id }) => id === 'state')?.detail ?? '', /is in use by process \d+, an agent/);
  const run = await gatehouse(['run'], { cwd: patient.folder });
  assert.match(run.stderr, /is in use by process \d+/);
  assert.doesNotMatch(run.stdout, /parent process is gone|gatehouse stopped/);
  await patient.follow(fix);
  await patient.isHealthy();
});

test('a state directory that our own agent uses is fine', async (t) => {
  const agent = await startAgent(t);
  const { stdout } = await agent.ask('check', '--json');
  const { checks } = JSON.parse(stdout) as { checks: Finding[] };
  assert.equal(checks.find(({ id }) => id === 'state')?.status, 'ok');
});

test('a state directory and an audit log where nothing can be made, whoever asks', async (t) => {
  const patient = await Patient.healthy(t);
  const taken = patient.write('file', '');
  for (const place of ['/proc/nope', path.join(taken, 'nope')]) {
    patient.configure({ state: { directory: place }, audit: { file: `${place}/audit.jsonl` } });
    const { failed } = await patient.examine();
    assert.deepEqual(
      failed.map(({ fault }) => fault),
      ['state-unusable', 'audit-unusable'],
      place,
    );
  }
});

test('too few file descriptors for the sessions: check and run say so, with how to raise them', async (t) => {
  const patient = await Patient.healthy(t);
  const prefix = ['prlimit', '--nofile=256'];
  const { code, stdout } = await gatehouse(['check', '--json'], { cwd: patient.folder, prefix });
  const { checks } = JSON.parse(stdout) as { checks: Finding[] };
  const found = checks.find(({ id }) => id === 'descriptors');
  assert.equal(code, EXIT.done);
  assert.equal(found?.detail, '256 are enough for 96 of the 10000 sessions of limits.sessions');
  assert.deepEqual(
    found.fixes?.slice(0, 2).map(({ paste }) => paste),
    [['ulimit -n 20064'], ['[Service]', 'LimitNOFILE=20064']],
  );
  const agent = new Command(['run'], { cwd: patient.folder, prefix });
  t.after(() => agent.discard());
  await agent.printed(/gatehouse started/);
  agent.kill('SIGTERM');
  const run = await agent.ended();
  assert.equal(run.stdout.match(/too few file descriptors for limits\.sessions/g)?.length, 1);
});

test('a configuration that is wrong: each key with a line that would be right', async (t) => {
  const patient = await Patient.healthy(t);
  patient.configure({ intake: { kind: 'pigeon' } });
  await patient.suffersFrom('config-invalid', ['intake:', '  kind: rest'], EXIT.config);
  writeFileSync(patient.file, 'cloud: [', { mode: 0o600 });
  assert.equal((await patient.examine()).code, EXIT.config);
});
