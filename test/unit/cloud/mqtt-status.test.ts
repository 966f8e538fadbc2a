import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAST, until } from './fixtures.js';
import { documentOf, OPERATIONS, started } from './mqtt-side.js';

test('statuses go to the topic of their device, by id, and the rest by REST', async (t) => {
  const { broker, cloud, side, gatewayId } = await started(t, { children: ['plc-1', 'plc/2'] });
  await until(() => side.state() === 'connected', 'the connection');
  const childId = cloud.identities.get('c8y_Serial/plc-1') ?? '';
  const oddId = cloud.identities.get('c8y_Serial/plc/2') ?? '';
  const { status } = side.cloud;
  status.report({ operationId: '1', deviceId: gatewayId, status: 'EXECUTING' });
  status.report({ operationId: '1', deviceId: gatewayId, status: 'SUCCESSFUL' });
  status.report({
    operationId: '2',
    deviceId: childId,
    status: 'FAILED',
    failureReason: 'cancelled: a, "b"',
  });
  cloud.operations.set('3', { id: '3' }).set('4', { id: '4' });
  status.report({ operationId: '3', deviceId: oddId, status: 'FAILED', failureReason: 'x' });
  status.report({ operationId: '4', deviceId: '777', status: 'FAILED', failureReason: 'y' });
  await status.flush(5_000);
  assert.deepEqual(broker.on('s/us'), ['504,1', '506,1']);
  assert.deepEqual(broker.on('s/us/plc-1'), ['505,2,"cancelled: a, ""b"""']);
  assert.deepEqual(cloud.statuses('3'), [{ status: 'FAILED', failureReason: 'x' }]);
  assert.deepEqual(cloud.statuses('4'), [{ status: 'FAILED', failureReason: 'y' }]);
});

test('B13: a status reported while offline waits and is sent after the next connect', async (t) => {
  const { broker, side, gatewayId } = await started(t);
  await until(() => side.state() === 'connected', 'the connection');
  await broker.pause();
  await until(() => side.state() === 'disconnected', 'the outage to be noticed');
  side.cloud.status.report({ operationId: '1', deviceId: gatewayId, status: 'SUCCESSFUL' });
  assert.equal(side.cloud.status.size, 1);
  await broker.listen();
  await until(() => side.cloud.status.size === 0, 'the delivery');
  assert.deepEqual(broker.on('s/us'), ['506,1']);
});

test('B14: a status without PUBACK is sent again', async (t) => {
  const { broker, side, gatewayId } = await started(t, { options: { timing: { ...FAST, mqttAckMs: 200 } } });
  await until(() => side.state() === 'connected', 'the connection');
  broker.holdPubacks = true;
  side.cloud.status.report({ operationId: '1', deviceId: gatewayId, status: 'SUCCESSFUL' });
  await until(() => broker.on('s/us').length >= 2, 'the repetition');
  assert.equal(side.cloud.status.size, 1);
  broker.holdPubacks = false;
  broker.cut();
  await until(() => side.cloud.status.size === 0, 'the delivery');
});

test('after stop nothing is delivered, but statuses still go out', async (t) => {
  const { broker, cloud, side, gatewayId } = await started(t);
  await until(() => side.state() === 'connected', 'the connection');
  await side.cloud.intake.stop();
  broker.send(OPERATIONS, documentOf(cloud, cloud.addOperation(gatewayId)));
  side.cloud.status.report({ operationId: '1', deviceId: gatewayId, status: 'SUCCESSFUL' });
  await side.cloud.status.flush(5_000);
  assert.deepEqual(broker.on('s/us'), ['506,1']);
  assert.deepEqual(side.delivered, []);
  await side.cloud.close();
  assert.equal(side.state(), 'disconnected');
});

test('close cuts a connection whose last status is never acknowledged', async (t) => {
  const { broker, side, gatewayId } = await started(t, { options: { timing: { ...FAST, mqttAckMs: 1e6 } } });
  await until(() => side.state() === 'connected', 'the connection');
  broker.holdPubacks = true;
  side.cloud.status.report({ operationId: '1', deviceId: gatewayId, status: 'SUCCESSFUL' });
  await until(() => broker.on('s/us').length === 1, 'the status');
  await side.cloud.close();
  await until(() => broker.sockets.size === 0, 'the end of the connection');
});
