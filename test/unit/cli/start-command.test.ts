import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCommand } from '../../../src/cli/start-command.js';

test("the service's own configuration is started as the service, any other one by hand", () => {
  const file = '/etc/gatehouse/gatehouse.yaml';
  assert.equal(startCommand(file, true), 'systemctl start gatehouse');
  assert.equal(startCommand(file, false), `gatehouse run --config ${file}`);
  assert.equal(startCommand('here.yaml', true), 'gatehouse run --config here.yaml');
  assert.equal(startCommand(undefined, true), 'gatehouse run');
});
