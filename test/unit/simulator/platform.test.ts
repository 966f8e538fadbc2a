import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFaults } from '../../../simulator/fault-parser.js';
import { Platform } from '../../../simulator/platform.js';
import { Recorder } from '../../../simulator/recorder.js';
import { PlatformError } from '../../../simulator/store/platform-error.js';
import { ADMIN_ROLES } from '../../../simulator/store/users.js';

test('operations are announced when they are created and updated, in ascending ids', () => {
  const platform = new Platform();
  const device = platform.ensureDevice('gw');
  const told: string[] = [];
  platform.on('operationCreated', ({ id, status }) => told.push(`${id} ${status}`));
  platform.on('operationUpdated', ({ id, status }, before) => told.push(`${id} ${before.status} ${status}`));
  const first = platform.operations.create(device.id, {});
  const second = platform.operations.create(device.id, {});
  platform.operations.update(first.id, { status: 'FAILED', failureReason: 'x' });
  assert.ok(Number(first.id) < Number(second.id));
  assert.deepEqual(told, [`${first.id} PENDING`, `${second.id} PENDING`, `${first.id} PENDING FAILED`]);
  assert.equal(first.status, 'PENDING', 'what was handed out does not change');
});

test('the oldest operation of a device is found by fragment and status, reopened ones included', () => {
  const platform = new Platform();
  const device = platform.ensureDevice('gw');
  const [a, b, c] = ['x', 'y', 'y'].map((fragment) =>
    platform.operations.create(device.id, { [fragment]: {} }),
  );
  const oldest = (fragment: string) => platform.operations.oldest(device.id, fragment, 'PENDING')?.id;
  assert.deepEqual([oldest('x'), oldest('y')], [a?.id, b?.id]);
  platform.operations.update(b?.id ?? '', { status: 'SUCCESSFUL' });
  assert.equal(oldest('y'), c?.id);
  platform.operations.update(b?.id ?? '', { status: 'PENDING' });
  assert.equal(oldest('y'), b?.id);
  assert.equal(oldest('z'), undefined);
});

test('no more operations are kept than asked for, and the oldest goes first', () => {
  const platform = new Platform({ operationsKept: 3 });
  const device = platform.ensureDevice('gw');
  const ids = Array.from({ length: 5 }, () => platform.operations.create(device.id, {}).id);
  assert.deepEqual(
    platform.operations.list().map(({ id }) => id),
    ids.slice(2),
  );
  assert.deepEqual(
    platform.operations.list({ status: 'PENDING' }).map(({ id }) => id),
    ids.slice(2),
  );
  assert.throws(() => platform.operations.get(ids[0] ?? ''), PlatformError);
});

test('an operation of a child belongs to its nearest agent', () => {
  const platform = new Platform();
  const gateway = platform.ensureDevice('gw');
  const cell = platform.ensureDevice('cell', {}, gateway.id);
  const plc = platform.ensureDevice('plc', {}, cell.id);
  assert.equal(platform.operations.create(plc.id, {}).agentId, gateway.id);
  platform.inventory.update(cell.id, { com_cumulocity_model_Agent: {} });
  assert.equal(platform.operations.create(plc.id, {}).agentId, cell.id);
  assert.throws(() => platform.inventory.addChild(plc.id, gateway.id), { status: 422 });
  platform.inventory.delete(cell.id);
  assert.equal(platform.identity.find('c8y_Serial', 'cell'), undefined);
  assert.throws(() => platform.operations.create(plc.id, {}), { status: 422 });
});

test('who owns a device may do anything with it and what is behind it, in its own tenant only', () => {
  const platform = new Platform();
  const { user } = platform.users.addDevice('gw');
  const gateway = platform.ensureDevice('gw');
  const plc = platform.ensureDevice('plc', {}, gateway.id, 'somebody');
  const other = platform.ensureDevice('other');
  const may = (id?: string) => platform.may(user, 'ROLE_DEVICE_CONTROL_ADMIN', id);
  assert.deepEqual([may(gateway.id), may(plc.id), may(other.id), may()], [true, true, false, false]);
  const stranger = platform.users.add('device_gw', 'pw', [], { tenant: 't1' });
  assert.equal(platform.may(stranger, 'ROLE_DEVICE_CONTROL_ADMIN', gateway.id), false);
});

test('tokens look like JWTs, end with their time, their user and by revocation', () => {
  const clock = { ms: 1_700_000_000_000 };
  const platform = new Platform({ now: () => clock.ms });
  const user = platform.users.add('ops', 'pw', ADMIN_ROLES);
  const { value } = platform.users.issueToken(user, { lifeMs: 1_000 });
  const claims = JSON.parse(Buffer.from(value.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
  assert.deepEqual([claims.sub, claims.ten, claims.exp], ['ops', 't0815', 1_700_000_001]);
  assert.equal(platform.users.token(value)?.user.name, 'ops');
  clock.ms += 1_000;
  assert.equal(platform.users.token(value), undefined);
  const next = platform.users.issueToken(user).value;
  platform.users.remove('ops');
  assert.equal(platform.users.token(next), undefined);
  assert.equal(platform.users.login('ops', 'pw'), undefined);
});

test('the recorder keeps the last requests and no token', () => {
  const recorder = new Recorder(10);
  for (let count = 0; count < 100; count += 1) {
    recorder.add({
      atMs: count,
      method: 'GET',
      path: `/a?x=1&token=secret&n=${count}`,
      authorization: 'query',
      status: 200,
    });
  }
  const kept = recorder.list();
  assert.deepEqual(
    kept.map(({ atMs }) => atMs),
    [90, 91, 92, 93, 94, 95, 96, 97, 98, 99],
  );
  assert.equal(kept[0]?.path, '/a?x=1&token=***&n=90');
  assert.equal(recorder.list('PUT').length, 0);
  recorder.clear();
  assert.equal(recorder.list().length, 0);
});

test('documents of faults are taken or refused as a whole', () => {
  const good = {
    requests: [{ path: '/*', status: 503 }],
    tunnels: [{ action: 'close', code: 1001, reason: 'x' }],
  };
  assert.equal(parseFaults(good), good);
  const wrong: unknown[] = [
    null,
    [],
    { request: [] },
    { requests: {} },
    { requests: [1] },
    { requests: [{ statuses: 1 }] },
    { requests: [{ times: 0 }] },
    { requests: [{ constructor: 1 }] },
    JSON.parse('{"requests":[{"__proto__":1}]}') as unknown,
    { tunnels: [{ action: 'explode' }] },
    { tunnels: [{}] },
    { tunnels: [{ action: 'close', reason: 'x'.repeat(124) }] },
    { requests: Array.from({ length: 101 }, () => ({})) },
  ];
  for (const document of wrong)
    assert.equal(typeof parseFaults(document), 'string', JSON.stringify(document));
});
