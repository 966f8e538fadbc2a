import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { startCloud, type Cloud } from '../../../simulator/cloud.js';

const AT = '2026-11-22T10:00:00.000Z';

async function cloudOf(t: TestContext): Promise<Cloud> {
  const cloud = await startCloud();
  t.after(() => cloud.stop());
  return cloud;
}

async function ask(
  cloud: Cloud,
  user: { tenant: string; user: string; password: string },
  path: string,
  body?: object,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const login = Buffer.from(`${user.tenant}/${user.user}:${user.password}`).toString('base64');
  const answer = await fetch(`${cloud.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Basic ${login}`,
      accept: 'application/json',
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

test('a device creates an event of its own and finds it by source, type and time', async (t) => {
  const cloud = await cloudOf(t);
  const device = cloud.registerDevice('gw-7');
  const event = { source: { id: device.id }, type: 'x_Done', text: 'done', time: AT, x_Facts: { bytes: 5 } };
  const made = await ask(cloud, device, '/event/events', event);
  assert.equal(made.status, 201);
  assert.deepEqual([made.body.type, made.body.x_Facts], ['x_Done', { bytes: 5 }]);
  const find = async (query: string) => {
    const { body } = await ask(cloud, device, `/event/events?source=${device.id}&${query}`);
    return (body.events as { id: string }[]).map(({ id }) => id);
  };
  assert.deepEqual(await find('type=x_Done'), [made.body.id]);
  assert.deepEqual(await find('type=x_Other'), []);
  assert.deepEqual(
    await find('fragmentType=x_Facts&dateFrom=2026-11-22T09:59:59Z&dateTo=2026-11-22T10:00:01Z'),
    [made.body.id],
  );
  assert.deepEqual(await find('dateFrom=2026-11-22T10:00:01Z'), []);
});

test('an event without its fields, or of somebody else, is refused', async (t) => {
  const cloud = await cloudOf(t);
  const device = cloud.registerDevice('gw-7');
  const other = cloud.registerDevice('gw-8');
  const event = { source: { id: device.id }, type: 'x_Done', text: 'done', time: AT };
  const status = async (body: object) => (await ask(cloud, device, '/event/events', body)).status;
  assert.equal(await status({ ...event, type: undefined }), 422);
  assert.equal(await status({ ...event, time: 'noon' }), 422);
  assert.equal(await status({ ...event, source: undefined }), 422);
  assert.equal(await status({ ...event, source: { id: other.id } }), 403);
});
