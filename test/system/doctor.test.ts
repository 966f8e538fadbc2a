import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EXIT } from '../../src/exit-codes.js';
import { startAgent } from '../helpers/agent-scene.js';
import { closedPort } from '../helpers/closed-port.js';
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
  patient.follow(await patient.suffersFrom('tenant-wrong', ['  tenant: t0815'], EXIT.refused));
  await patient.isHealthy();
});

test('wrong tenant in the environment: the variable is named', async (t) => {
  const patient = await Patient.healthy(t);
  const { failed } = await patient.examine({ C8Y_TENANT: 't0816' });
  assert.deepEqual(failed[0]?.fixes?.[0]?.paste, ['C8Y_TENANT=t0815']);
});

test('wrong password: the credentials are, and not the tenant', async (t) => {
  const patient = await Patient.healthy(t);
  patient.configure({ cloud: { password: 'not-the-password' } });
  await patient.suffersFrom(
    'credentials-refused',
    ['gatehouse register --config gatehouse.yaml'],
    EXIT.refused,
  );
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
  patient.follow(await patient.suffersFrom('external-id-taken', ['  externalId: "gw-7-2"'], EXIT.failed));
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

test('admin port taken by another program: a free one is proposed, and is one', async (t) => {
  const patient = await Patient.healthy(t);
  const other = await PlantTarget.listen();
  t.after(() => other.close());
  patient.configure({ admin: { listen: `127.0.0.1:${other.port}` } });
  patient.follow(await patient.suffersFrom('admin-taken', [/^ {2}listen: 127\.0\.0\.1:\d+$/], EXIT.failed));
  await patient.isHealthy();
});

test('file modes: the command shuts a configuration with a password that everybody can read', async (t) => {
  const patient = await Patient.healthy(t);
  chmodSync(patient.file, 0o644);
  patient.follow(await patient.suffersFrom('file-modes', [`chmod 600 ${patient.file}`], EXIT.config));
  await patient.isHealthy();
});

test('file modes: the command shuts a state directory that others can write', async (t) => {
  const patient = await Patient.healthy(t);
  const directory = path.join(patient.folder, '.gatehouse');
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  patient.follow(await patient.suffersFrom('state-unusable', [`chmod 0700 ${directory}`], EXIT.failed));
  await patient.isHealthy();
});

test('a configuration that is wrong: each key with a line that would be right', async (t) => {
  const patient = await Patient.healthy(t);
  patient.configure({ intake: { kind: 'pigeon' } });
  await patient.suffersFrom('config-invalid', ['intake:', '  kind: rest'], EXIT.config);
  writeFileSync(patient.file, 'cloud: [', { mode: 0o600 });
  assert.equal((await patient.examine()).code, EXIT.config);
});
