import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { cloudConfig, deviceConfig, deviceSide, FAST, restIntake, until, type Side } from './fixtures.js';
import { reply, ScriptedCloud, type Seen } from './scripted-cloud.js';

async function started(
  t: TestContext,
  prepare: (cloud: ScriptedCloud) => void = () => undefined,
  options: Parameters<typeof deviceSide>[1] = {},
): Promise<{ cloud: ScriptedCloud; side: Side; gatewayId: string }> {
  const cloud = await ScriptedCloud.start();
  const gatewayId = cloud.addDevice('gw-7');
  prepare(cloud);
  const config = { cloud: cloudConfig(cloud.url), device: deviceConfig(), intake: restIntake() };
  const side = deviceSide(config, options);
  t.after(async () => {
    await side.cloud.close();
    await cloud.stop();
  });
  side.cloud.intake.start();
  return { cloud, side, gatewayId };
}

const isMeta = (request: Seen, channel: string) =>
  Array.isArray(request.body) && (request.body[0] as { channel: string }).channel === channel;

const pendingLists = (cloud: ScriptedCloud) =>
  cloud.seen('GET', /operations$/).filter(({ query }) => query.get('status') === 'PENDING').length;

const metaId = (request: Seen) => (request.body as { id: string }[])[0]?.id;

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

test('A07, A16: a poll that is never answered ends the connection, and the list heals the gap', async (t) => {
  const { cloud, side, gatewayId } = await started(
    t,
    (scripted) => {
      let first = true;
      scripted.scripts.push((request) => {
        const hang = first && isMeta(request, '/meta/connect');
        if (hang) first = false;
        return hang;
      });
    },
    { timing: { ...FAST, pollMs: 20, pollGraceMs: 30 } },
  );
  await until(() => cloud.bayeux('/meta/connect') === 1 && pendingLists(cloud) === 1, 'the poll that hangs');
  const id = cloud.addOperation(gatewayId);
  await until(() => side.delivered.includes(id), 'the operation by the list');
  await until(() => cloud.bayeux('/meta/handshake') >= 2, 'a new handshake');
  assert.match(JSON.stringify(side.links), /took longer than 50 ms/);
});

test('A08: an unknown client shakes hands, subscribes and sweeps again', async (t) => {
  const { cloud, side, gatewayId } = await started(t);
  await until(() => cloud.polling && pendingLists(cloud) === 1, 'a long poll and the first sweep');
  const id = cloud.addOperation(gatewayId);
  cloud.clients.clear();
  await until(() => side.delivered.includes(id), 'the operation by the list');
  assert.equal(cloud.bayeux('/meta/handshake'), 2);
  assert.equal(cloud.bayeux('/meta/subscribe'), 2);
});

test('A09: after "reconnect: none" a new handshake comes, but not at once', async (t) => {
  let nones = 0;
  let waited = false;
  const { cloud, side } = await started(t, (scripted) => {
    scripted.scripts.push((request, response) => {
      if (nones > 0 || !isMeta(request, '/meta/connect')) return false;
      nones += 1;
      setTimeout(() => {
        waited = scripted.bayeux('/meta/handshake') === 1;
      }, FAST.adviceNoneMs / 2);
      const advice = { reconnect: 'none' };
      reply(response, 200, [{ channel: '/meta/connect', id: metaId(request), successful: false, advice }]);
      return true;
    });
  });
  await until(
    () => cloud.bayeux('/meta/handshake') === 2 && side.state() === 'connected',
    'the second handshake',
  );
  assert.ok(waited);
});

test('A11: a refused subscription leaves it not ready and is tried again', async (t) => {
  let refusals = 0;
  const { side } = await started(t, (scripted) => {
    scripted.scripts.push((request, response) => {
      if (refusals >= 3 || !isMeta(request, '/meta/subscribe')) return false;
      refusals += 1;
      const refused = {
        channel: '/meta/subscribe',
        id: metaId(request),
        successful: false,
        error: '500::no',
      };
      const elsewhere = { ...refused, successful: true, subscription: '/999' };
      reply(response, 200, [refusals === 2 ? elsewhere : refused]);
      return true;
    });
  });
  await until(() => side.state() === 'connected', 'the connection');
  assert.equal(side.links[0]?.state, 'disconnected');
  assert.equal(refusals, 3);
});

test('A13: a reply that is cut in the middle is made good by the list', async (t) => {
  let cuts = 0;
  const { side, cloud } = await started(t, (scripted) => {
    scripted.scripts.push((request, response) => {
      if (cuts > 0 || !isMeta(request, '/meta/connect')) return false;
      cuts += 1;
      scripted.addOperation('40001');
      response.writeHead(200, { 'content-length': '1000' });
      response.write('[{"channel":"/40001","data":{"id":"4');
      setImmediate(() => response.destroy());
      return true;
    });
  });
  await until(() => side.delivered.length === 1, 'the operation by the list');
  await until(() => cloud.bayeux('/meta/handshake') >= 2, 'a new handshake');
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

test('A23: a reply without end is cut off', async (t) => {
  let floods = 0;
  const { side } = await started(t, (scripted) => {
    scripted.scripts.push((request, response) => {
      if (floods > 0 || !isMeta(request, '/meta/connect')) return false;
      floods += 1;
      const chunk = ' '.repeat(65_536);
      const more = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      more();
      return true;
    });
  });
  await until(() => side.links.length >= 2, 'the end of the flood');
  assert.match(JSON.stringify(side.links), /answered with more than 4194304 bytes/);
  await until(() => side.state() === 'connected', 'the connection');
});

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
