import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAST, until } from './fixtures.js';
import { isMeta, metaId, pendingLists, started } from './rest-side.js';
import { reply } from './scripted-cloud.js';

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
