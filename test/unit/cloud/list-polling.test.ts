import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './fixtures.js';
import { isMeta, started } from './rest-side.js';
import { reply } from './scripted-cloud.js';

for (const status of [403, 404]) {
  test(`where notifications are refused with ${status} the list is polled, and that is said once`, async (t) => {
    const { cloud, side, gatewayId } = await started(t, (scripted) => {
      scripted.scripts.push((request, response) => {
        const refused = request.path === '/notification/operations';
        if (refused) reply(response, status, {});
        return refused;
      });
    });
    await until(() => side.state() === 'connected', 'the connection');
    const id = cloud.addOperation(gatewayId);
    await until(() => side.delivered.includes(id), 'the operation');
    assert.equal(side.log.warnings().filter((line) => line.includes('polling the list')).length, 1);
  });
}

test('a handshake denied in the protocol leads to polling too', async (t) => {
  const { side } = await started(t, (scripted) => {
    scripted.scripts.push((request, response) => {
      if (!isMeta(request, '/meta/handshake')) return false;
      const refusal = { channel: '/meta/handshake', successful: false, error: '403::Handshake denied' };
      reply(response, 200, [{ ...refusal, advice: { reconnect: 'none' } }]);
      return true;
    });
  });
  await until(() => side.state() === 'connected', 'the connection');
  assert.ok(side.log.warnings().some((line) => line.includes('polling the list')));
});

test('a polled list that fails ends the connection', async (t) => {
  let refuseList = false;
  const { side } = await started(t, (scripted) => {
    scripted.scripts.push((request, response) => {
      const refused =
        request.path === '/notification/operations' ||
        (refuseList && request.path === '/devicecontrol/operations');
      if (refused) reply(response, 403, {});
      return refused;
    });
  });
  await until(() => side.state() === 'connected', 'the connection');
  refuseList = true;
  await until(() => side.state() === 'disconnected', 'the end');
});
