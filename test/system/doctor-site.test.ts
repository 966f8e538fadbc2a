import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EXIT } from '../../src/exit-codes.js';
import { serverIdentity } from '../helpers/certificates.js';
import { closedPort } from '../helpers/closed-port.js';
import { Patient, type Finding } from '../helpers/doctor.js';
import { PlantMosquitto } from '../helpers/plant-mosquitto.js';
import { unlessMissing } from '../helpers/programs.js';

/*
 * Like doctor.test.ts, for what the configuration names on site: the audit log, the hard switch, approvals and the plant's
 * broker.
 */

const NEEDS = unlessMissing('mosquitto', 'mosquitto_pub', 'mosquitto_passwd');
const TOPIC = 'plant/hall-7/remote-access';

async function found(patient: Patient, id: string): Promise<Finding> {
  const { checks } = await patient.examine();
  return checks.find((one) => one.id === id) ?? assert.fail(`no probe ${id}`);
}

test('an audit log: what is none is moved away, and what others can write is shut', async (t) => {
  const patient = await Patient.healthy(t);
  const file = path.join(patient.folder, 'audit.jsonl');
  patient.configure({ audit: { file } });
  assert.match((await found(patient, 'audit')).detail, /is made at the first start$/);
  writeFileSync(file, 'Dear diary,\n', { mode: 0o600 });
  await patient.follow(await patient.suffersFrom('audit-unusable', [`mv ${file} ${file}.old`], EXIT.failed));
  await patient.isHealthy();
  writeFileSync(file, '');
  chmodSync(file, 0o666);
  await patient.follow(await patient.suffersFrom('audit-unusable', [`chmod 0600 ${file}`], EXIT.failed));
  await patient.isHealthy();
});

test('a switch file: one that is not there is written, one that everybody can turn is shut, off is no fault', async (t) => {
  const patient = await Patient.healthy(t);
  const file = path.join(patient.folder, 'switch');
  patient.configure({ switch: { file } });
  await patient.follow(await patient.suffersFrom('switch-unreadable', [`echo on > ${file}`], EXIT.failed));
  await patient.isHealthy();
  chmodSync(file, 0o666);
  await patient.follow(await patient.suffersFrom('switch-unreadable', [`chmod o-w ${file}`], EXIT.failed));
  writeFileSync(file, 'off\n');
  const { status, detail, fixes } = await found(patient, 'switch');
  assert.deepEqual([status, detail], ['ok', `${file} says off: no session is let in`]);
  assert.deepEqual(fixes?.[0]?.paste, [`echo on > ${file}`]);
});

test('a directory of approvals that everybody can write is shut', async (t) => {
  const patient = await Patient.healthy(t);
  const directory = path.join(patient.folder, 'approvals');
  patient.configure({ approval: { directory } });
  assert.match((await found(patient, 'approvals')).detail, /is made at the first start$/);
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  await patient.follow(
    await patient.suffersFrom('approvals-unusable', [`chmod o-w ${directory}`], EXIT.failed),
  );
  await patient.isHealthy();
});

test("the plant's broker: one that is not there, a login, a switch without a value", NEEDS, async (t) => {
  const patient = await Patient.healthy(t);
  const topics = { switch: { mqttTopic: TOPIC }, approval: { mqttTopic: 'plant/approvals' } };
  const nowhere = `mqtt://127.0.0.1:${await closedPort()}`;
  patient.configure({ ...topics, plant: { mqttUrl: nowhere } });
  await patient.suffersFrom('plant-broker-unreachable', ['systemctl status mosquitto'], EXIT.failed);
  const login = { user: 'gatehouse', password: 'canary-of-the-plant-broker' };
  const broker = await PlantMosquitto.start(t, { login });
  patient.configure({ ...topics, plant: { mqttUrl: broker.url } });
  await patient.suffersFrom('plant-broker-refuses', ['  mqttUser: gatehouse'], EXIT.refused);
  const plant = { mqttUrl: broker.url, mqttUser: login.user, mqttPassword: login.password };
  patient.configure({ ...topics, plant });
  const where = `-h 127.0.0.1 -p ${broker.port} -u ${login.user} -P PASSWORD`;
  const publish = `mosquitto_pub ${where} -q 1 -r -t ${TOPIC} -m on`;
  const fix = await patient.suffersFrom('switch-unreadable', [publish], EXIT.failed);
  await patient.follow({ ...fix, paste: [publish.replace('PASSWORD', login.password)] });
  await patient.isHealthy();
  assert.match((await found(patient, 'plant-broker')).detail, /remote-access says on$/);
});

test("the plant's broker speaks TLS: the command that turns the switch on does so too", NEEDS, async (t) => {
  const patient = await Patient.healthy(t);
  const { ca, server } = await serverIdentity();
  const tls = { cert: server.cert, key: String(server.key), ca };
  const broker = await PlantMosquitto.start(t, { tls });
  const caFile = patient.write('plant-ca.pem', ca);
  patient.configure({ switch: { mqttTopic: TOPIC }, plant: { mqttUrl: broker.url, caFile } });
  const publish = `mosquitto_pub -h 127.0.0.1 -p ${broker.port} --cafile ${caFile} -q 1 -r -t ${TOPIC} -m on`;
  await patient.follow(await patient.suffersFrom('switch-unreadable', [publish], EXIT.failed));
  await patient.isHealthy();
});
