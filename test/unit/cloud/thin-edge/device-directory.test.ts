import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { DeviceDirectory } from '../../../../src/cloud/thin-edge/device-directory.js';

const SERIAL = 'c8y_Serial';

function folder(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'gatehouse-devices-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const document = (deviceId: unknown, externalId: unknown, type = SERIAL): string =>
  JSON.stringify({ id: '1', deviceId, externalSource: { externalId, type } });

const fail = (cause: string): void => assert.fail(cause);

test('learns every device of a message, and knows them after a restart', (t) => {
  const directory = folder(t);
  const first = new DeviceDirectory(directory, SERIAL);
  first.learn(Buffer.from(`${document('10', 'gw-7')}\n\n${document('11', 'gw-7:device:plc 3')}\n`), fail);
  assert.equal(first.externalId('11'), 'gw-7:device:plc 3');
  const second = new DeviceDirectory(directory, SERIAL);
  assert.equal(second.externalId('10'), 'gw-7');
  assert.equal(second.externalId('11'), 'gw-7:device:plc 3');
  assert.equal(second.externalId('12'), undefined);
  assert.deepEqual(readdirSync(directory), ['thin-edge-devices.json'], 'no draft is left');
});

test('what is no device is not learnt, and a line that is no JSON does not take the others with it', (t) => {
  const directory = folder(t);
  const devices = new DeviceDirectory(directory, SERIAL);
  const lines = [
    '{',
    'null',
    document('../1', 'a'),
    document(12, 'b'),
    document('13', ''),
    document('14', 'x'.repeat(300)),
    document('15', 'c', 'c8y_Imei'),
    document('__proto__', 'd'),
    document('16', 'plc-6'),
  ];
  devices.learn(Buffer.from(lines.join('\n')), fail);
  assert.equal(devices.externalId('16'), 'plc-6');
  for (const id of ['../1', '12', '13', '14', '15', '__proto__'])
    assert.equal(devices.externalId(id), undefined);
});

test('a file that is damaged is made anew', (t) => {
  const directory = folder(t);
  for (const content of ['', '[]', '{"10":7}', '{"10":"a"', 'x'.repeat(5_000_000)]) {
    writeFileSync(path.join(directory, 'thin-edge-devices.json'), content);
    const devices = new DeviceDirectory(directory, SERIAL);
    assert.equal(devices.externalId('10'), undefined);
    devices.learn(Buffer.from(document('10', 'gw-7')), fail);
    assert.equal(new DeviceDirectory(directory, SERIAL).externalId('10'), 'gw-7');
  }
});

test('a disk that does not take it is told, and the device is known all the same', (t) => {
  const directory = path.join(folder(t), 'a-file');
  writeFileSync(directory, '');
  const devices = new DeviceDirectory(path.join(directory, 'below'), SERIAL);
  const causes: string[] = [];
  devices.learn(Buffer.from(document('10', 'gw-7')), (cause) => causes.push(cause));
  assert.deepEqual(causes, ['ENOTDIR']);
  assert.equal(devices.externalId('10'), 'gw-7');
  const inMemory = new DeviceDirectory(undefined, SERIAL);
  inMemory.learn(Buffer.from(document('10', 'gw-7')), fail);
  assert.equal(inMemory.externalId('10'), 'gw-7');
  assert.equal(existsSync(path.join(directory, 'below')), false);
});
