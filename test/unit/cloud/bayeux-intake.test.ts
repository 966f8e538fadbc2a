import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cloudConfig, deviceConfig, deviceSide, restIntake, until } from './fixtures.js';
import { isMeta, started } from './rest-side.js';
import { reply, ScriptedCloud } from './scripted-cloud.js';

test('an operation arrives through the long poll', async (t) => {
  const { cloud, side, gatewayId } = await started(t);
  await until(() => cloud.polling, 'a long poll');
  assert.equal(side.state(), 'connected');
  const id = cloud.addOperation(gatewayId);
  cloud.notify(id);
  await until(() => side.delivered.includes(id), 'the operation');
});

test('the next poll acknowledges what the last one brought', async (t) => {
  const { cloud, gatewayId } = await started(t);
  await until(() => cloud.polling, 'a long poll');
  cloud.notify(cloud.addOperation(gatewayId));
  const acks = () =>
    cloud.requests
      .filter((one) => isMeta(one, '/meta/connect'))
      .map((one) => (one.body as [{ ext: unknown }])[0].ext);
  await until(() => acks().length >= 2, 'a second poll');
  assert.deepEqual(acks().slice(0, 2), [{ ack: -1 }, { ack: 1 }]);
});

test('A01: while the cloud is not there it keeps trying and says so once', async (t) => {
  const cloud = await ScriptedCloud.start();
  cloud.addDevice('gw-7');
  await cloud.stop();
  const config = { cloud: cloudConfig(cloud.url), device: deviceConfig(), intake: restIntake() };
  let tries = 0;
  const side = deviceSide(config, {
    random: () => {
      tries += 1;
      return 0.5;
    },
  });
  t.after(async () => {
    await side.cloud.close();
    await cloud.stop();
  });
  side.cloud.intake.start();
  await until(() => tries >= 5, 'five tries');
  assert.deepEqual(side.log.warnings(), ['not connected to the cloud']);
  assert.match(
    side.links.map((link) => ('reason' in link ? link.reason : '')).join(),
    /cannot be reached \(ECONNREFUSED\)$/,
  );
  await cloud.listen();
  await until(() => side.state() === 'connected', 'the connection');
});

for (const status of [401, 403, 404, 429, 500, 503]) {
  test(`A02–A06: a cloud that answers ${status} is asked again until it is well`, async (t) => {
    let broken = true;
    const { cloud, side } = await started(t, (scripted) => {
      scripted.scripts.push((_request, response) => {
        if (broken) reply(response, status, {});
        return broken;
      });
      // Not found is how the identity service says "create it", so the rest of the cloud is missing here.
      if (status === 404) {
        scripted.scripts.unshift((request, response) => {
          if (broken && request.path.startsWith('/identity')) reply(response, 500, {});
          return broken && request.path.startsWith('/identity');
        });
      }
    });
    await until(() => cloud.requests.length >= 3, 'three tries');
    assert.equal(side.state(), 'disconnected');
    broken = false;
    await until(() => side.state() === 'connected', 'the connection');
    assert.doesNotMatch(JSON.stringify([side.links, side.log.lines]), /p4ssw0rd|Basic /);
  });
}

test('A04: a login page with status 200 is a wrong address, not a cloud', async (t) => {
  const { side } = await started(t, (scripted) => {
    scripted.scripts.push((_request, response) => {
      response.end('<html>Log in</html>');
      return true;
    });
  });
  await until(() => side.state() === 'disconnected', 'the verdict');
  assert.match(JSON.stringify(side.links), /is not JSON; check cloud.url/);
});

test('A14: an operation created during an outage is found after it', async (t) => {
  const { cloud, side, gatewayId } = await started(t);
  await until(() => cloud.polling, 'a long poll');
  await cloud.stop();
  await until(() => side.state() === 'disconnected', 'the outage to be noticed');
  const id = cloud.addOperation(gatewayId);
  await cloud.listen();
  await until(() => side.delivered.includes(id), 'the operation');
});

test('nothing is delivered after stop, and stop says goodbye to the cloud', async (t) => {
  const { cloud, side, gatewayId } = await started(t);
  await until(() => cloud.polling, 'a long poll');
  await side.cloud.intake.stop();
  assert.equal(cloud.bayeux('/meta/disconnect'), 1);
  cloud.notify(cloud.addOperation(gatewayId));
  assert.deepEqual(side.delivered, []);
  assert.deepEqual(side.links.at(-1), { state: 'disconnected', reason: 'the agent stops' });
});

test('a handler that throws takes neither the link nor the next operation down', async (t) => {
  const { cloud, side, gatewayId } = await started(t, undefined, {
    onId: () => {
      throw new Error('boom');
    },
  });
  await until(() => cloud.polling, 'a long poll');
  cloud.notify(cloud.addOperation(gatewayId));
  const second = cloud.addOperation(gatewayId);
  cloud.notify(second);
  await until(() => side.delivered.includes(second), 'the second operation');
  assert.equal(side.state(), 'connected');
});
