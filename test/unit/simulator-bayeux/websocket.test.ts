import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPERATIONS, REALTIME, startBench, Talker, TOKEN } from './bench.js';

const handshake = (token: string) => ({
  channel: '/meta/handshake',
  version: '1.0',
  ext: { 'com.cumulocity.authn': { token } },
});

test('operations are pushed while a connect is held', async (context) => {
  const { host, gateway, child, request } = await startBench(context);
  const talker = await Talker.start(context, `ws://${host}${OPERATIONS}`);
  talker.say(handshake(TOKEN));
  const { clientId } = await talker.next('/meta/handshake');
  talker.say({ channel: '/meta/subscribe', clientId, subscription: `/${gateway.id}` });
  assert.equal((await talker.next('/meta/subscribe')).successful, true);
  const early = request(gateway.id);
  talker.say({ channel: '/meta/connect', clientId, connectionType: 'websocket' });
  assert.deepEqual((await talker.next(`/${gateway.id}`)).data, early);
  assert.equal((await talker.next('/meta/connect')).successful, true);
  talker.say({ channel: '/meta/connect', clientId, connectionType: 'websocket' });
  // An unknown channel answers at once: the connect before it is held by then.
  talker.say({ channel: '/service/nothing', clientId });
  assert.equal((await talker.next('/service/nothing')).successful, false);
  const late = request(child.id);
  assert.deepEqual((await talker.next(`/${gateway.id}`)).data, late);
  talker.say({ channel: '/meta/disconnect', clientId });
  assert.equal((await talker.next('/meta/disconnect')).successful, true);
});

test('a handshake takes a bearer token or the cookies of a login, and refuses others', async (context) => {
  const { host, platform } = await startBench(context);
  const talker = await Talker.start(context, `ws://${host}${REALTIME}`);
  const user = platform.users.get('device_gw-7');
  assert.ok(user !== undefined);
  talker.say(handshake(platform.users.issueToken(user).value));
  assert.equal((await talker.next('/meta/handshake')).successful, true);
  const { value, xsrf } = platform.users.issueToken(user, { cookie: true });
  const headers = { Cookie: `theme=dark; authorization=${value}; XSRF-TOKEN=${xsrf ?? ''}` };
  const browser = await Talker.start(context, `ws://${host}${REALTIME}`, headers);
  const withCookie = (xsrfToken: string | undefined) => ({
    channel: '/meta/handshake',
    ext: { 'com.cumulocity.authn': { xsrfToken } },
  });
  browser.say(withCookie('wrong'));
  assert.equal((await browser.next('/meta/handshake')).successful, false);
  browser.say(withCookie(xsrf));
  assert.equal((await browser.next('/meta/handshake')).successful, true);
  talker.say(handshake('nonsense'));
  const refused = await talker.next('/meta/handshake');
  assert.equal(refused.error, '403::Handshake denied');
  assert.equal(refused.successful, false);
});

test('a session cannot be used by somebody else', async (context) => {
  const { host, platform, gateway } = await startBench(context);
  platform.users.addDevice('gw-8', 'secret');
  const owner = await Talker.start(context, `ws://${host}${OPERATIONS}`);
  owner.say(handshake(TOKEN));
  const { clientId } = await owner.next('/meta/handshake');
  const thief = await Talker.start(context, `ws://${host}${OPERATIONS}`);
  thief.say({ channel: '/meta/subscribe', clientId, subscription: `/${gateway.id}` });
  assert.equal((await thief.next('/meta/subscribe')).error, '402::Unknown client');
  thief.say(handshake(Buffer.from('t0815/device_gw-8:secret').toString('base64')));
  await thief.next('/meta/handshake');
  thief.say({ channel: '/meta/connect', clientId });
  assert.equal((await thief.next('/meta/connect')).error, '402::Unknown client');
});

test('what is no Bayeux message closes the WebSocket', async (context) => {
  const { host } = await startBench(context);
  const talker = await Talker.start(context, `ws://${host}${OPERATIONS}`);
  const closed = talker.closed();
  talker.say(Object.assign([], { channel: '/meta/handshake' }));
  assert.equal(await closed, 1003);
});
